-- All heads, locked: whoever holds them leads. Fewer than there are: somebody else does.
select h.stream, h.seq, h.leaf, h.recorded_us
  from prooftrail.head h
 order by h.stream
   for update skip locked;
