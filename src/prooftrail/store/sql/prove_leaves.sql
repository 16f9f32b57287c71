-- The first leaves of a stream, in order: nothing else of an entry.
select l.leaf
  from prooftrail.log l
 where l.stream = %(stream)s and l.seq >= 0 and l.seq < %(size)s
 order by l.seq, l.recorded_us
