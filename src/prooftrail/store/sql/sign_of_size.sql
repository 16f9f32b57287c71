-- A stream's checkpoints of one size, the newest first.
select c.size, c.signed_us, c.note, c.peaks
  from prooftrail.checkpoint c
 where c.stream = %(stream)s and c.size = %(size)s
 order by c.signed_us desc
 limit %(rows)s;
