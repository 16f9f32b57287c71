-- By day, UTC, on which entries of a part of a stream were signed: the longest time that
-- one had waited for it since it was recorded. Of a checkpoint the first entry waited
-- longest; later signatures of the same size say nothing new.
select c.signed_us / 86400000000 as day, max(c.signed_us - l.recorded_us) as waited
  from (
    select g.signed_us, lag(g.size, 1, %(start)s::bigint) over (order by g.size) as first
      from (
        select k.size, min(k.signed_us) as signed_us
          from prooftrail.checkpoint k
         where k.stream = %(stream)s and k.size > %(start)s and k.size <= %(stop)s
         group by k.size) g) c
  join prooftrail.log l on l.stream = %(stream)s and l.seq = c.first
 where l.seq >= %(start)s and l.seq < %(stop)s
 group by 1
 order by 1
