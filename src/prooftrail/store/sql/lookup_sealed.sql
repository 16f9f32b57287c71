-- How many of these ids stand in a stream's log already.
select count(distinct l.event_id)
  from prooftrail.log l
  join prooftrail.stream s on s.number = l.stream
 where s.name = %(stream)s and l.event_id = any(%(ids)s::uuid[]);
