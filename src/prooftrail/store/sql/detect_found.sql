-- An event as rules see it; the event itself of a few actions only.
select l.seq, l.occurred_us, l.recorded_us, l.action, l.result, l.actor, l.resource_id,
       host(l.ip) as ip, l.pii,
       case when l.result = 'success' then {authority} end as authority,
       case when not l.pii and l.action like any ({stated}::text[]) then l.event end
         as event
  from prooftrail.log l
