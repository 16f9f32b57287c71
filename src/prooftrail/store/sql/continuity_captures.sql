-- Where capture began, ended or went on by other rules, in the order of time.
select l.stream, coalesce(l.actor, '') as service, l.occurred_us,
       coalesce(d.said ->> 'change', '') as change,
       coalesce(d.said ->> 'process', '') as process
  from prooftrail.log l
 cross join lateral (
       select convert_from(l.event, 'UTF8')::json -> 'details' as said offset 0) d
 where l.continues is null and {conditions}
 order by l.occurred_us, l.seq
 limit {most}
