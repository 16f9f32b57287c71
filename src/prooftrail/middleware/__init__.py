"""Middleware: every request that changes something is recorded, without a change to it.

`asgi`, `wsgi` and `django` are thin; `routes` says what a route emits, `exchange` what
one request becomes in the trail, the same for all of them.
"""
