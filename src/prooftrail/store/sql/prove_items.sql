-- What proves single entries of a stream: headers, salts and events, in order of seq.
select l.kind, uuid_send(l.stream_id), l.prev, l.seq, l.recorded_us, l.body, l.salt, l.event
  from unnest(%(seqs)s::bigint[]) as k (seq)
  join prooftrail.log l on l.stream = %(stream)s and l.seq = k.seq
 order by l.seq, l.recorded_us
