-- Between which newest signatures of a stream more time lies than may: where nothing happens,
-- a heartbeat is signed all the same.
select g.stream, g.before_us, g.after_us
  from unnest(%(streams)s::smallint[]) as s(stream)
 cross join lateral (
       select n.stream, n.signed_us as after_us,
              lag(n.signed_us) over (order by n.size, n.signed_us) as before_us
         from (select k.stream, k.size, k.signed_us
                 from prooftrail.checkpoint k
                where k.stream = s.stream
                order by k.size desc, k.signed_us desc
                limit %(newest)s) n) g
 where g.after_us >= %(since)s::bigint
   and g.after_us - g.before_us > %(longer)s::bigint
 order by g.after_us desc, g.stream
 limit %(most)s
