-- The alerts of a stream since a time: their events.
select l.event
  from prooftrail.log l
 where l.stream = {stream}::smallint and l.action = 'prooftrail.alert.raise'
   and l.occurred_us >= {since}::bigint and l.continues is null and l.event is not null
 order by l.occurred_us, l.seq
