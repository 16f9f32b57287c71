-- Which events have somebody among their subjects. A subject may stand in an entry that
-- continues the event, and in several: each row gives the event. Such an entry counts if it
-- states the event's own time, as the format has it: so the index gives events in order.
select {columns}
  from prooftrail.subject s
  join prooftrail.log c
    on c.stream = s.stream and c.seq = s.seq and c.recorded_us = s.recorded_us
  join prooftrail.log l
    on l.event_id = coalesce(c.continues, c.event_id) and l.stream = s.stream
   and l.occurred_us = s.occurred_us and l.recorded_us >= s.occurred_us - 300000000
 where l.continues is null and {subjects} and {conditions}
