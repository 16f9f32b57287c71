-- The sealer's landing place: COPY FROM is refused under row-level security, so rows are
-- copied here in binary and inserted from here in one statement. The columns stand in
-- the order in which `wire` writes them.
create temp table incoming on commit delete rows as
select stream, seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event,
       event_id, occurred_us, pii, actor, role, action, resource_type, resource_id,
       result, ip, continues, authority
  from prooftrail.log
  with no data;
create temp table incoming_subject on commit delete rows as
select stream, seq, subject, occurred_us, recorded_us
  from prooftrail.subject
  with no data;
