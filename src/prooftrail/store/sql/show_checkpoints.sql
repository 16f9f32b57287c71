-- The newest checkpoint of each stream, and the keys that the stream states. There is one
-- more for each heartbeat, hence by the index, backwards.
select s.stream, c.size, c.signed_us, c.note,
       coalesce((select t.keys from prooftrail.stream t where t.number = s.stream), '{}')
  from unnest(%(streams)s::smallint[]) as s(stream)
 cross join lateral (
       select k.size, k.signed_us, k.note
         from prooftrail.checkpoint k
        where k.stream = s.stream
        order by k.size desc, k.signed_us desc
        limit 1) c
 order by s.stream
