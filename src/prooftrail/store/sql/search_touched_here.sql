-- Whether the entry itself has somebody among its subjects.
exists (
  select
    from prooftrail.subject s
   where s.stream = l.stream and s.seq = l.seq and s.recorded_us = l.recorded_us
     and {subjects})
