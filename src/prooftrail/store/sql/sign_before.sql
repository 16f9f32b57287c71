-- The next checkpoints going back from one, down to a size.
select c.size, c.signed_us, c.note, c.peaks
  from prooftrail.checkpoint c
 where c.stream = %(stream)s and c.size >= %(least)s
   and (c.size, c.signed_us) < (%(size)s::bigint, %(signed_us)s::bigint)
 order by c.size desc, c.signed_us desc
 limit %(rows)s;
