-- The subject rows of a segment.
select seq, subject, occurred_us, recorded_us
  from prooftrail.subject
 where stream = %(stream)s and seq >= %(start)s and seq < %(stop)s
 order by seq, subject
