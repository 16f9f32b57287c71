-- The headers of a stream's entries: all that a leaf commits to, and no event.
select seq, recorded_us, kind, stream_id, prev, body, leaf
  from prooftrail.log
 where stream = %(stream)s and seq >= %(start)s and seq < %(stop)s
 order by seq, recorded_us
