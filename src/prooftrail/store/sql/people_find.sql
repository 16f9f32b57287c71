-- People, without what they log in with: one by address or number, or all.
select p.id, p.email, p.name, p.role, p.streams is null as every,
       coalesce(s.names, '{}') as names, coalesce(s.numbers, '{}') as numbers,
       p.from_us, p.to_us, p.created_at, p.expires_at, p.disabled_at
  from prooftrail.person p
 cross join lateral (
   select array_agg(t.name order by t.number) as names,
          array_agg(t.number order by t.number) as numbers
     from prooftrail.stream t
    where p.streams is null or t.number = any (p.streams)) s
 where (%(email)s::text is null or p.email = %(email)s)
   and (%(id)s::integer is null or p.id = %(id)s)
 order by p.id
