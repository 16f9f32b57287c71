-- So that there is a row to lock.
insert into prooftrail.throttle (subject, times, seen_at)
values (%(subject)s, '{}', %(now)s)
    on conflict (subject) do nothing
