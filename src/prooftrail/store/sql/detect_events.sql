-- What rules need of a stream's events, in the order of their own time: failures and what
-- was denied, logins and locks, what touches personal data, grants, whatever breaking the
-- glass allowed, and what some accounts do. Of a few actions the event itself is needed. An
-- entry that continues an event is left out: its first entry has a thousand subjects.
select l.seq, l.occurred_us, l.recorded_us, l.action, l.result, l.actor, l.resource_id,
       host(l.ip) as ip, l.pii,
       case when l.result = 'success' then {authority} end as authority,
       case when not l.pii and l.action like any ({stated}::text[]) then l.event end as event
  from prooftrail.log l
 where l.stream = {stream}::smallint and l.continues is null
   and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint
   and l.seq <= {last}::bigint
   and (l.pii or l.result <> 'success' or l.action like any ({needed}::text[])
        or l.actor = any ({actors}::text[])
        or position('"break_glass"'::bytea in l.event) > 0)
 order by l.occurred_us, l.seq
