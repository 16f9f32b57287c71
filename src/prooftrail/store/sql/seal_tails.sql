-- Each head's stream as it is registered, and the entry that it names. Asked for once the
-- heads are locked: a snapshot of before could have an older head, or miss the entry.
select h.stream, uuid_send(s.stream_id), l.leaf, uuid_send(l.stream_id)
  from prooftrail.head h
  left join prooftrail.stream s on s.number = h.stream
  left join lateral (
    select t.leaf, t.stream_id from prooftrail.log t
     where t.stream = h.stream and t.seq = h.seq and t.recorded_us = h.recorded_us
     limit 1
  ) l on true;
