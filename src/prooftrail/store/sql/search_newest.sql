-- The newest entry of a stream that somebody with a period may see, after a seq: among events
-- and among what continues them, each by the index that fits a partition best. `+ 0` keeps
-- the planner from walking down from the top, past all that he may not see.
select greatest(
  (select max(l.seq + 0)
     from prooftrail.log l
    where l.continues is null
      and l.stream = {stream}::smallint and l.seq > {after}::bigint
      and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint),
  (select max(l.seq + 0)
     from prooftrail.log l
    where l.continues is not null
      and l.stream = {stream}::smallint and l.seq > {after}::bigint
      and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint))
