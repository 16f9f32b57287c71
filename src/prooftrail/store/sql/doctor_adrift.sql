-- Entries that claim to continue an event which is not in their stream's log, or is
-- another one than they say: no list shows them. The first few, and how many.
select s.name, c.seq, count(*) over ()
  from prooftrail.log c
  join prooftrail.stream s on s.number = c.stream
 where c.continues is not null
   and not exists (
     select
       from prooftrail.log f
      where f.event_id = c.continues and f.stream = c.stream and f.seq < c.seq
        and f.continues is null and f.kind = c.kind
        and f.occurred_us = c.occurred_us and f.action = c.action and f.result = c.result
        and f.actor is not distinct from c.actor
        and f.role is not distinct from c.role
        and f.resource_type is not distinct from c.resource_type
        and f.resource_id is not distinct from c.resource_id)
 order by s.name, c.seq
 limit 5
