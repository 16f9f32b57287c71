-- What figures over the whole log need.

-- With the actor and the address, this index alone answers every question that is not about
-- one resource: histogram, facets and filters read no entry. (On a log that is there already
-- it is built under a lock: sealing waits for minutes, and nothing is lost in the inbox.)
drop index prooftrail.log_time;
create index log_time on prooftrail.log (stream, occurred_us, seq)
  include (action, role, resource_type, result, pii, actor, ip) where continues is null;
