-- The lowest seq beyond each head: none, unless the head was moved back.
select h.stream, (select min(l.seq) from prooftrail.log l
                   where l.stream = h.stream and l.seq > h.seq)
  from prooftrail.head h;
