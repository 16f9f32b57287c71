-- How many events answer a question, the first of them and the last: in all, and by each
-- column's most frequent values, in one pass. `of` says which column: the bit that is not
-- set in grouping(). With each value stands how many the column has, and how many events
-- have one.
select g.of, g.value, g.n, g.first_us, g.last_us, g.kinds, g.valued
  from (
    select v.of, v.value, v.n, v.first_us, v.last_us,
           count(v.value) over of_column as kinds,
           (sum(v.n) filter (where v.value is not null) over of_column)::bigint as valued,
           row_number() over (
             partition by v.of order by v.value is null, v.n desc, v.value) as rank
      from (
        select grouping(f.action, f.role, f.actor, f.result, f.ip, f.pii) as of,
               coalesce(f.action, f.role, f.actor, f.result, host(f.ip), f.pii::text)
                 as value,
               count(*) as n, min(f.occurred_us) as first_us, max(f.occurred_us) as last_us
          from ({rows}) f
         group by grouping sets (
           (), (f.action), (f.role), (f.actor), (f.result), (f.ip), (f.pii))) v
    window of_column as (partition by v.of)) g
 where g.rank <= {most}
 order by g.of, g.rank
