-- An entry as a search gives it back (`question.Found`).
select l.stream, l.seq, l.recorded_us, l.kind, l.prev, l.leaf, l.event,
       uuid_send(l.event_id) as event_id, l.occurred_us, l.action, l.result,
       uuid_send(l.continues) as continues, l.authority
  from prooftrail.log l
