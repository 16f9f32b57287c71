-- The events of these ids in a stream's log.
select l.event_id, l.event
  from prooftrail.log l
  join prooftrail.stream s on s.number = l.stream
 where s.name = %(stream)s and l.event_id = any(%(ids)s::uuid[]);
