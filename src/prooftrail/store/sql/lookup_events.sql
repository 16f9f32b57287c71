-- The events of these ids and of a period (event time) in a stream's log.
select l.event_id, l.event
  from prooftrail.log l
  join prooftrail.stream s on s.number = l.stream
 where s.name = %(stream)s and l.event_id = any(%(ids)s::uuid[])
   and l.occurred_us >= %(from_us)s and l.occurred_us < %(to_us)s;
