-- One statement for the batch: the trigger sees it whole, and orders it itself. Rows come
-- about as they were copied in, by stream and seq; to sort them again cost 6 %.
insert into prooftrail.log
  (stream, seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event,
   event_id, occurred_us, pii, actor, role, action, resource_type, resource_id,
   result, ip, continues, authority)
select * from incoming;
insert into prooftrail.subject (stream, seq, subject, occurred_us, recorded_us)
select * from incoming_subject;
