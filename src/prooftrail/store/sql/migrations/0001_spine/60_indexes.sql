-- The indexes that searches use; each begins with what a question names and carries what
-- its policy and its list need, so that keys are found by index-only scans.

create index log_event_id on prooftrail.log (event_id);
create index log_actor on prooftrail.log (actor, occurred_us, seq) include (stream);
create index log_action on prooftrail.log (stream, action, occurred_us, seq) include (role);
create index log_resource on prooftrail.log (resource_id, occurred_us, seq) include (stream);
create index log_time on prooftrail.log (stream, occurred_us, seq)
  include (action, role, result, pii);
create index log_failed_ip on prooftrail.log (ip, occurred_us, seq) include (stream)
  where result <> 'success';
create index subject_of on prooftrail.subject (subject, occurred_us, seq) include (stream);
