-- What figures over the whole log need.

-- It reads tables and a setting, and nothing of its own session: workers may ask it, too.
-- By default a function is taken to be unsafe for them, and no policy's query had any.
alter function prooftrail.token_grant() parallel safe;

-- With the actor and the address, this index alone answers every question that is not about
-- one resource: histogram, facets and filters read no entry.
drop index prooftrail.log_time;
create index log_time on prooftrail.log (stream, occurred_us, seq)
  include (action, role, resource_type, result, pii, actor, ip) where continues is null;
