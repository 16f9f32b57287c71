-- The period that the asker may see: as values it bounds an index scan, where the policy's
-- own condition, "all time or this period", only filters what a scan gives. And how the next
-- statements are planned: to start workers, or to compile, takes longer than a page does.
select set_config('jit', 'off', true),
       set_config('max_parallel_workers_per_gather', {workers}::integer::text, true),
       min(g.from_us), max(g.to_us)
  from prooftrail.my_grant g
