-- Who has acted: each actor once, found by steps through an index, with the first and the
-- newest event and the newest success. Whoever acted is a user unless his newest event says
-- otherwise.
with recursive known (id) as (
  (select l.actor from prooftrail.log l
    where l.continues is null and l.actor >= '' order by l.actor limit 1)
  union all
  select (select l.actor from prooftrail.log l
           where l.continues is null and l.actor > k.id order by l.actor limit 1)
    from known k
   where k.id is not null
), one as (
  select k.id from known k where k.id is not null limit {most}
)
select s.id, f.occurred_us as first_us, u.occurred_us as used_us,
       coalesce(n.said ->> 'type', 'user') as type,
       case when json_typeof(n.said -> 'email') = 'string' then n.said ->> 'email' end as email
  from one s
 cross join lateral (
       select l.occurred_us from prooftrail.log l
        where l.actor = s.id and l.continues is null
        order by l.occurred_us, l.seq limit 1) f
 cross join lateral (
       select convert_from(l.event, 'UTF8')::json -> 'actor' as said from prooftrail.log l
        where l.actor = s.id and l.continues is null
        order by l.occurred_us desc, l.seq desc limit 1) n
  left join lateral (
       select l.occurred_us from prooftrail.log l
        where l.actor = s.id and l.continues is null and l.result = 'success'
        order by l.occurred_us desc, l.seq desc limit 1) u on true
