-- Counts by hour and result, and of each other column's most frequent values, in one pass.
-- `of` says which: the bit that is not set in grouping(). With each value stands how many
-- the column has, and how many events have one.
select g.of, g.hour, coalesce(g.result, g.value) as value, g.n, g.kinds, g.valued
  from (
    select v.of, v.hour, v.result, v.value, v.n,
           count(v.value) over of_column as kinds,
           (sum(v.n) filter (where v.value is not null) over of_column)::bigint as valued,
           row_number() over (
             partition by v.of order by v.value is null, v.n desc, v.value) as rank
      from (
        select grouping(f.hour, f.action, f.role, f.actor, f.resource_type, f.pii) as of,
               f.hour, f.result,
               coalesce(f.action, f.role, f.actor, f.resource_type, f.pii::text) as value,
               count(*) as n
          from ({rows}) f
         group by grouping sets (
           (f.hour, f.result), (f.action), (f.role), (f.actor), (f.resource_type),
           (f.pii))) v
    window of_column as (partition by v.of)) g
 where g.hour is not null or g.rank <= {most}
 order by g.of, g.hour, g.n desc, value
