-- The checkpoints that a look at a part needs: the newest, those around it, and those
-- within; of each no more than the limit, the nearest first.
select size, signed_us, note, peaks from (
  (select * from prooftrail.checkpoint where stream = %(stream)s
    order by size desc, signed_us desc limit %(limit)s)
  union
  (select * from prooftrail.checkpoint where stream = %(stream)s and size <= %(start)s
    order by size desc, signed_us desc limit %(limit)s)
  union
  (select * from prooftrail.checkpoint
    where stream = %(stream)s and size > %(start)s and size <= %(stop)s
    order by size, signed_us limit %(limit)s)
  union
  (select * from prooftrail.checkpoint where stream = %(stream)s and size > %(stop)s
    order by size, signed_us limit %(limit)s)
) c
order by size, signed_us;
