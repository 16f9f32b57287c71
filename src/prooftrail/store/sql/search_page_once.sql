-- One page of keys that come more than once, the newest event time first. They are put in
-- order inside: PostgreSQL 15 would sort all of them anew to tell the equal ones.
select distinct k.stream, k.seq, k.occurred_us
  from (
    select k.stream, k.seq, k.occurred_us
      from ({keys}) k
     order by k.occurred_us desc, k.seq desc, k.stream desc
    offset 0
  ) k
 order by k.occurred_us desc, k.seq desc, k.stream desc
 limit {limit}
