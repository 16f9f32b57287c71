-- The next headers of a stream, in order: all that a leaf commits to, and no event.
select l.seq, l.recorded_us, l.kind, uuid_send(l.stream_id), l.prev, l.body, l.leaf
  from prooftrail.log l
 where l.stream = %(stream)s and l.seq >= %(seq)s
 order by l.seq
 limit %(rows)s;
