-- A segment of a stream: the header's fields (never null) first, then the projection's.
select seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event,
       event_id, occurred_us, actor, role, action, resource_type, resource_id, result,
       ip, pii, continues, authority
  from prooftrail.log
 where stream = %(stream)s and seq >= %(start)s and seq < %(stop)s
 order by seq, recorded_us
