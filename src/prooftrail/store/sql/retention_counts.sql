-- How many entries of each action a stream has in each of the spans that begin with the
-- given seqs. The index on actions has all that is asked: no event is read.
select width_bucket(seq, %(firsts)s::bigint[]) as span, action, count(*)
  from prooftrail.log
 where stream = %(stream)s
 group by 1, 2
 order by 1, 2
