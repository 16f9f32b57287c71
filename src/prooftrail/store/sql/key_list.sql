-- Every key, whatever became of it.
select k.id, k.name, k.role,
       (select array_agg(s.name order by s.number)
          from prooftrail.stream s where s.number = any (k.streams)) as streams,
       k.streams is null as every, k.from_us, k.to_us,
       k.created_at, k.expires_at, k.revoked_at
  from prooftrail.api_key k
 order by k.id
