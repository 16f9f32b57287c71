-- Revoked once, and for ever.
with k as (
  update prooftrail.api_key
     set revoked_at = coalesce(revoked_at, clock_timestamp())
   where id = %(id)s
  returning *)
select k.id, k.name, k.role,
       (select array_agg(s.name order by s.number)
          from prooftrail.stream s where s.number = any (k.streams)) as streams,
       k.streams is null as every, k.from_us, k.to_us,
       k.created_at, k.expires_at, k.revoked_at
  from k
