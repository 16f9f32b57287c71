-- Counts by hour and result, by each value that days know, and by actor with type of resource.
-- `of` says which: the bits that are not set in grouping(). Grouped first by all of these,
-- which workers do each for themselves.
select grouping(f.hour, f.action, f.role, f.pii, f.actor) as of, f.hour, f.result,
       coalesce(f.action, f.role, f.pii::text) as value, f.actor, f.resource_type,
       sum(f.n)::bigint as n
  from (select r.hour, r.result, r.action, r.role, r.pii, r.actor, r.resource_type,
               count(*) as n
          from ({rows}) r
         group by r.hour, r.result, r.action, r.role, r.pii, r.actor, r.resource_type) f
 group by grouping sets (
   (f.hour, f.result), (f.action), (f.role), (f.pii), (f.actor, f.resource_type))
