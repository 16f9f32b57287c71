-- How many events there are of each day, by the daily counts.
select d.day, sum(d.n)::bigint
  from prooftrail.daily d
 where d.stream = any(%(streams)s::smallint[]) and d.day >= %(first)s::integer
 group by d.day
 order by d.day
