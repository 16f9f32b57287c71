-- The next values in an index, each by one step down it, whoever has how many entries: for
-- who sees everything. (Of what somebody does not see, such a step would read all.)
with recursive v (value) as (
  (select l.actor
     from prooftrail.log l
    where l.continues is null and l.actor >= {low} {below}
    order by l.actor
    limit 1)
  union all
  select n.actor
    from v
   cross join lateral (
         select l.actor
           from prooftrail.log l
          where l.continues is null and l.actor > v.value {below}
          order by l.actor
          limit 1) n
)
select v.value from v limit {most}
