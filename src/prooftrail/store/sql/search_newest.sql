-- Where each stream ends for whom sees a period only: the newest seq of his own, of events
-- and of what continues them, each from its index.
select k.stream, max(k.seq)
  from (
    select l.stream, max(l.seq) as seq
      from prooftrail.log l
     where l.continues is null
       and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint
     group by l.stream
    union all
    select l.stream, max(l.seq)
      from prooftrail.log l
     where l.continues is not null
       and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint
     group by l.stream
  ) k
 group by k.stream
