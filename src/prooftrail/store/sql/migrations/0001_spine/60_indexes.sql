-- The indexes that searches use; each begins with what a question names and carries what
-- its policy and its list need, so that keys are found by index-only scans. Lists and
-- counts are of events, and say `continues is null`: the entries that continue an event
-- stand only where they are looked for, by subject and by the event's id.

create index log_event_id on prooftrail.log (event_id);
create index log_continues on prooftrail.log (continues, occurred_us, seq) include (stream)
  where continues is not null;
create index log_actor on prooftrail.log (actor, occurred_us, seq) include (stream)
  where continues is null;
create index log_action on prooftrail.log (stream, action, occurred_us, seq) include (role)
  where continues is null;
create index log_resource on prooftrail.log (resource_id, occurred_us, seq) include (stream)
  where continues is null;
create index log_time on prooftrail.log (stream, occurred_us, seq)
  include (action, role, resource_type, result, pii) where continues is null;
-- few entries, and those that are asked for most: denied by role, failures of a type
create index log_failed on prooftrail.log (stream, result, occurred_us, seq)
  include (action, role) where result <> 'success' and continues is null;
create index log_ip on prooftrail.log (ip, occurred_us, seq) include (stream, result)
  where ip is not null and continues is null;
-- with the time of recording, which names the one partition that the entry is in
create index subject_of on prooftrail.subject (subject, occurred_us, seq)
  include (stream, recorded_us);
