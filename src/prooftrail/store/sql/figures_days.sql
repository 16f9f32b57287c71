-- Counts by hour and result, and by each value, of days that are counted already.
-- `of` says which: the bit that is not set in grouping().
select grouping(f.hour, f.action, f.role, f.pii) as of, f.hour, f.result,
       coalesce(f.action, f.role, f.pii::text) as value, sum(f.n)::bigint as n
  from ({rows}) f
 group by grouping sets ((f.hour, f.result), (f.action), (f.role), (f.pii))
