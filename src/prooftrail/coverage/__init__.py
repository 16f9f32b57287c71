"""Coverage: every route of an application, what it records, and what is forgotten.

`surveying` looks at the application (`starlette`, `flask` and `django` know their own),
`judging` says what follows, `render` and `page` show it.
"""
