-- Which events rules need. Those on logins: logins, failures and locks. The others: what
-- touches personal data, what was denied, grants, whatever breaking the glass allowed, and
-- what some accounts do; of one share of those who did it, by a hash that holds within a
-- server. An entry that continues an event is left out: its first entry has a thousand
-- subjects.
l.continues is null
   and (l.action like any ({logins}::text[])
        or ({others}::boolean
            and (l.pii or l.result = 'denied' or l.action = any ({grants}::text[])
                 or l.actor = any ({actors}::text[])
                 or l.authority = 'break-glass')
            and ({of}::bigint = 1
                 or coalesce(mod(abs(hashtext(coalesce(nullif(l.actor, ''), host(l.ip)))
                                     ::bigint), {of}::bigint), 0) = {number}::bigint)))
