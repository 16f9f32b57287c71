-- The most frequent actors and types of resource, which days are not counted by. With each
-- stands how many there are, and how many events have one. Grouped first by both, which
-- workers do each for themselves; then less what is counted already as no answer.
select g.of, g.value, g.n, g.kinds, g.valued
  from (
    select v.of, v.value, v.n,
           count(v.value) over of_column as kinds,
           (sum(v.n) filter (where v.value is not null) over of_column)::bigint as valued,
           row_number() over (
             partition by v.of order by v.value is null, v.n desc, v.value) as rank
      from (
        select grouping(f.actor, f.resource_type) as of,
               coalesce(f.actor, f.resource_type) as value, sum(f.n)::bigint as n
          from (select r.actor, r.resource_type, count(*) as n
                  from ({rows}) r
                 group by r.actor, r.resource_type
                 union all
                select d.actor, d.resource_type, -d.n
                  from unnest({actors}::text[], {types}::text[], {counts}::bigint[])
                       as d (actor, resource_type, n)) f
         group by grouping sets ((f.actor), (f.resource_type))
        having sum(f.n) > 0) v
    window of_column as (partition by v.of)) g
 where g.rank <= {most}
 order by g.of, g.rank
