-- Room for figures: the planner expects far more values than there are, and would sort all
-- events where it takes these for too many to keep in memory.
select set_config('work_mem',
  greatest(pg_size_bytes(current_setting('work_mem')), 67108864) / 1024 || 'kB', true)
