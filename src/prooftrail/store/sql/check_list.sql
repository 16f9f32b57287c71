-- The newest runs, without their reports.
select id::text, asked_by, streams, from_us, to_us, started_at, finished_at, done, total,
       verdict, null, extract(epoch from clock_timestamp() - seen_at)::float8
  from prooftrail.check_run
 order by started_at desc
 limit %(limit)s;
