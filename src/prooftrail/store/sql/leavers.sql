-- Of each account that somebody left: whether any event names it, its successes before he
-- had left and since, and when it was first disabled and not used any more. Each is found in
-- an index.
select g.id, g.since_us,
       exists (select 1 from prooftrail.log l
                where l.actor = g.id and l.continues is null)
       or exists (select 1 from prooftrail.log l
                   where l.resource_id = g.id and l.continues is null
                     and l.stream = any({streams}::smallint[])
                     and l.action = any({kept})) as known,
       b.occurred_us as before_us, a.n, a.first_us, a.last_us, d.ended_us
  from unnest({ids}::text[], {since}::bigint[]) g (id, since_us)
  left join lateral (
       select l.occurred_us from prooftrail.log l
        where l.actor = g.id and l.continues is null and l.result = 'success'
          and l.occurred_us < g.since_us
        order by l.occurred_us desc, l.seq desc limit 1) b on true
 cross join lateral (
       select count(*) as n, min(l.occurred_us) as first_us, max(l.occurred_us) as last_us
         from prooftrail.log l
        where l.actor = g.id and l.continues is null and l.result = 'success'
          and l.occurred_us >= g.since_us) a
 cross join lateral (
       select min(l.occurred_us) as ended_us from prooftrail.log l
        where l.resource_id = g.id and l.continues is null and l.result = 'success'
          and l.stream = any({streams}::smallint[]) and l.action = any({ended})
          and l.occurred_us >= coalesce(a.last_us, b.occurred_us, l.occurred_us)) d
