-- How many of the newest entries were recorded later than may be after what they tell of, and
-- by how much at most: for who sees all time.
select count(*), max(n.recorded_us - n.occurred_us)
  from unnest(%(streams)s::smallint[]) as s(stream)
 cross join lateral (
       select l.recorded_us, l.occurred_us
         from prooftrail.log l
        where l.stream = s.stream
        order by l.seq desc
        limit %(newest)s) n
 where n.recorded_us >= %(since)s::bigint
   and n.recorded_us - n.occurred_us > %(longer)s::bigint
