-- Subject rows beyond the end of a stream's log; one statement sees both as of one moment.
select q.seq
  from prooftrail.subject q
 where q.stream = %(stream)s
   and (q.seq is null
        or q.seq > coalesce(
          (select max(l.seq) from prooftrail.log l where l.stream = %(stream)s), -1))
 order by q.seq
 limit 100
