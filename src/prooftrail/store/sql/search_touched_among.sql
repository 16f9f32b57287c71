-- The same, looked up among all events that have somebody among their subjects: found once,
-- where each of many events would be asked.
(l.stream, l.seq) in (
  select e.stream, e.seq
    from prooftrail.subject s
    join prooftrail.log c
      on c.stream = s.stream and c.seq = s.seq and c.recorded_us = s.recorded_us
    join prooftrail.log e
      on e.event_id = coalesce(c.continues, c.event_id) and e.stream = s.stream
     and e.occurred_us = s.occurred_us and e.recorded_us >= s.occurred_us - 300000000
   where e.continues is null and {subjects})
