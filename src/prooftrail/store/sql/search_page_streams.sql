-- One page of keys out of many streams: their newest, each by its own index scan, and the
-- newest of these. One scan over several streams would have to sort all it finds.
select k.stream, k.seq, k.occurred_us
  from unnest({streams}::smallint[], {lasts}::bigint[]) as s (stream, last)
 cross join lateral ({page}) k
 order by k.occurred_us desc, k.seq desc, k.stream desc
 limit {limit}
