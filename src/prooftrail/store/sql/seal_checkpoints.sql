-- The newest checkpoint of each stream, and the leaf of the last entry that it covers.
select s.number, c.size, c.signed_us, c.note, c.peaks,
       (select l.leaf from prooftrail.log l
         where l.stream = s.number and l.seq = c.size - 1 limit 1)
  from prooftrail.stream s
 cross join lateral (
    select * from prooftrail.checkpoint c
     where c.stream = s.number
     order by c.size desc, c.signed_us desc
     limit 1
  ) c;
