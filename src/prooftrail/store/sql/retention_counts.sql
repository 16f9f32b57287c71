-- How many events of each action a stream has in each of the spans that begin with the
-- given seqs; entries that continue one go with it. The index on actions has all that is
-- asked: no event is read.
select width_bucket(seq, %(firsts)s::bigint[]) as span, action, count(*)
  from prooftrail.log
 where stream = %(stream)s and continues is null
 group by 1, 2
 order by 1, 2
