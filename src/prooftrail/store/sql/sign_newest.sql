-- A stream's newest checkpoint.
select c.size, c.signed_us, c.note, c.peaks
  from prooftrail.checkpoint c
 where c.stream = %(stream)s
 order by c.size desc, c.signed_us desc
 limit 1;
