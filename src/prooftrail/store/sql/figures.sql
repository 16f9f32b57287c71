-- Counts by hour and result, and of each other column's most frequent values, in one pass.
-- `of` says which: the bit that is not set in grouping().
select g.of, g.hour, coalesce(g.result, g.action, g.role, g.actor, g.resource_type,
                              g.pii::text) as value, g.n
  from (
    select grouping(f.hour, f.action, f.role, f.actor, f.resource_type, f.pii) as of,
           f.hour, f.result, f.action, f.role, f.actor, f.resource_type, f.pii,
           count(*) as n,
           row_number() over (
             partition by
               grouping(f.hour, f.action, f.role, f.actor, f.resource_type, f.pii)
             order by count(*) desc,
               coalesce(f.action, f.role, f.actor, f.resource_type, f.pii::text)) as rank
      from ({rows}) f
     group by grouping sets (
       (f.hour, f.result), (f.action), (f.role), (f.actor), (f.resource_type), (f.pii))) g
 where g.hour is not null or g.rank <= {most}
 order by g.of, g.hour, g.n desc, value
