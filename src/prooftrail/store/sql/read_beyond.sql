-- Entries beyond a seq: how many seqs there are, and the lowest hundred.
select count(distinct l.seq),
       (select array_agg(f.seq order by f.seq)
          from (select distinct q.seq from prooftrail.log q
                 where q.stream = %(stream)s and q.seq > %(seq)s
                 order by q.seq limit 100) f)
  from prooftrail.log l
 where l.stream = %(stream)s and l.seq > %(seq)s
