-- Where these ids stand in the log already; `since` leaves out partitions that ended
-- before the ids' own time.
select l.stream, uuid_send(l.event_id), l.event
  from prooftrail.log l
 where l.event_id = any(%(ids)s::uuid[]) and l.recorded_us >= %(since)s;
