-- The newest event of each of some actors: one step down an index for each.
select e.*
  from unnest({actors}::text[]) as a (actor)
 cross join lateral (
       {found}
        where l.actor = a.actor and l.continues is null
          and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint
        order by l.occurred_us desc, l.seq desc
        limit 1) e
