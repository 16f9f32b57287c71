-- A new key.
with k as (
  insert into prooftrail.api_key
    (name, role, token_hash, streams, from_us, to_us, expires_at)
  values (%(name)s, %(role)s, %(token_hash)s, %(streams)s, %(from_us)s, %(to_us)s,
          %(expires_at)s)
  returning *)
select k.id, k.name, k.role,
       (select array_agg(s.name order by s.number)
          from prooftrail.stream s where s.number = any (k.streams)) as streams,
       k.streams is null as every, k.from_us, k.to_us,
       k.created_at, k.expires_at, k.revoked_at
  from k
