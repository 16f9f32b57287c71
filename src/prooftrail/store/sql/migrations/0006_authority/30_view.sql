-- The view has the column too, at its end: what is granted on it stays.
create or replace view prooftrail.entry with (security_invoker) as
select s.name as stream, l.seq,
       to_timestamp(l.recorded_us / 1000000.0) as recorded_at,
       to_timestamp(l.occurred_us / 1000000.0) as occurred_at,
       l.event_id, l.actor, l.role, l.action, l.resource_type, l.resource_id, l.result,
       l.ip, l.pii, l.continues,
       'sha256:' || encode(l.leaf, 'hex') as checksum,
       convert_from(l.event, 'UTF8')::jsonb as event,
       l.authority
  from prooftrail.log l
  join prooftrail.stream s on s.number = l.stream;
