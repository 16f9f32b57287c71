-- What waits: how many events, and the age of the oldest in microseconds.
select count(*), coalesce(max(extract(epoch from clock_timestamp() - received_at) * 1000000), 0)::bigint
  from prooftrail.inbox;
