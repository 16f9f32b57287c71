-- Invitations: the one of a link, or those that still open something at a time.
select i.id, i.email, i.name, i.role, i.streams is null as every,
       coalesce(s.names, '{}') as names, coalesce(s.numbers, '{}') as numbers,
       i.from_us, i.to_us, i.access_ends_at, i.created_at, i.expires_at, i.used_at,
       i.withdrawn_at
  from prooftrail.invitation i
 cross join lateral (
   select array_agg(t.name order by t.number) as names,
          array_agg(t.number order by t.number) as numbers
     from prooftrail.stream t
    where i.streams is null or t.number = any (i.streams)) s
 where case when %(token_hash)s::bytea is null
         then i.used_at is null and i.withdrawn_at is null and i.expires_at > %(now)s
         else i.token_hash = %(token_hash)s end
 order by i.id
