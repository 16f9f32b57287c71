-- The period that the asker may see: as values it bounds an index scan, where the policy's
-- own condition, "all time or this period", only filters what a scan gives. And how the next
-- statements are planned: to start workers, or to compile, takes longer than a page does. And
-- what one index finds is joined by an index, too, where all of it is counted: PostgreSQL has
-- no statistics of all partitions together but by hand, and would rather hash the whole log.
select set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', {workers}::integer::text, true),
       set_config('enable_hashjoin', {whole}::boolean::text, true),
       set_config('enable_mergejoin', {whole}::boolean::text, true),
       set_config('enable_seqscan', {whole}::boolean::text, true),
       min(g.from_us), max(g.to_us)
  from prooftrail.my_grant g
