-- Which events rules need: failures and what was denied, logins and locks, what touches
-- personal data, grants, whatever breaking the glass allowed, and what some accounts do. An
-- entry that continues an event is left out: its first entry has a thousand subjects.
l.continues is null
   and (l.pii or l.result <> 'success' or l.action like any ({needed}::text[])
        or l.actor = any ({actors}::text[])
        or l.authority = 'break-glass')
