-- One run, and how long ago its process was seen, in seconds.
select id::text, asked_by, streams, from_us, to_us, started_at, finished_at, done, total,
       verdict, report, extract(epoch from clock_timestamp() - seen_at)::float8
  from prooftrail.check_run
 where id = %(id)s;
