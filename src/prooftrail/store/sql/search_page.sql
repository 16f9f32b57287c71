-- One page of keys, the newest event time first.
select k.stream, k.seq, k.occurred_us
  from ({keys}) k
 order by k.occurred_us desc, k.seq desc, k.stream desc
 limit {limit}
