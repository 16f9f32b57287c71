-- Whose personal data some entries of a stream touched, by runs of their seqs: one index
-- scan a run, in the partitions that may hold it.
select s.seq, s.subject
  from unnest({firsts}::bigint[], {lasts}::bigint[]) as r (first, last)
  join prooftrail.subject s
    on s.stream = {stream}::smallint and s.seq >= r.first and s.seq <= r.last
 where s.recorded_us >= {since}::bigint and s.recorded_us <= {until}::bigint
