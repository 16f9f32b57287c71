-- All heads, locked: whoever holds them leads. Fewer rows than streams: somebody else does.
select h.stream, h.seq, h.leaf, h.recorded_us,
       (extract(epoch from clock_timestamp()) * 1000000)::bigint
  from prooftrail.head h
 order by h.stream
   for update skip locked;
