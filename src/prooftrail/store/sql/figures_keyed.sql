-- The same of events whose keys were found. No entry was recorded earlier than 5 minutes
-- before its event time.
select l.occurred_us / 3600000000 as hour, l.result, l.action, l.role, l.actor,
       l.resource_type, l.pii, l.ip, l.occurred_us, {authorization} as authority
  from ({keys}) k
  join prooftrail.log l
    on l.stream = k.stream and l.seq = k.seq and l.recorded_us >= k.occurred_us - 300000000
