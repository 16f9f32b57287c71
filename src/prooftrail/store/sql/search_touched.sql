-- Whether the event has somebody among its subjects, in whichever of its entries.
exists (
  select
    from prooftrail.log c
    join prooftrail.subject s
      on s.stream = c.stream and s.seq = c.seq and s.recorded_us = c.recorded_us
   where c.stream = l.stream and c.occurred_us = l.occurred_us and {subjects}
     and (c.event_id = l.event_id or c.continues = l.event_id))
