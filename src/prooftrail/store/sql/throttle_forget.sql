-- What is too old to count; locked rows are in use.
delete from prooftrail.throttle
 where subject in (
   select t.subject
     from prooftrail.throttle t
    where t.seen_at < %(before)s
    order by t.seen_at
    limit 1000
      for update skip locked)
