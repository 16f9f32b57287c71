"""Reports: what goes into an auditor's binder, as signed PDF and as HTML.

Guarantees: a report states facts, each of which can be looked up in what is enclosed;
it says of itself by which query, when, by whom and of which population it was made
(`document.Run`). Making it changes nothing, and is itself an event.

A report is content alone (`document.Report`); how it looks is `typesetting` with
`templates`, and how its texts are spelled is `lettering`.
"""
