-- Who did what answers, and on whose authority: of each actor the four counts and the
-- newest event's time, whoever did most first. With each stands what all of them have together.
select g.actor, g.authorised, g.break_glass, g.denied, g.unexplained, g.last_us,
       count(*) over () as actors,
       (sum(g.authorised) over ())::bigint, (sum(g.break_glass) over ())::bigint,
       (sum(g.denied) over ())::bigint, (sum(g.unexplained) over ())::bigint
  from (
    select f.actor,
           count(*) filter (where f.authority = 'authorised') as authorised,
           count(*) filter (where f.authority = 'break-glass') as break_glass,
           count(*) filter (where f.authority = 'denied') as denied,
           count(*) filter (where f.authority = 'unexplained') as unexplained,
           count(*) as n, max(f.occurred_us) as last_us
      from ({rows}) f
     group by f.actor) g
 order by g.n desc, g.actor nulls last
 limit {most}
