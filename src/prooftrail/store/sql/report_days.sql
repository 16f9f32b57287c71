-- How many entries of a part of a stream were recorded on each day, UTC.
select l.recorded_us / 86400000000 as day, count(*) as n, min(l.seq) as first,
       max(l.seq) as last
  from prooftrail.log l
 where l.stream = %(stream)s and l.seq >= %(start)s and l.seq < %(stop)s
 group by 1
 order by 1
