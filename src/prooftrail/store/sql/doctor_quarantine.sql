-- What could not be sealed, by stream and reason.
select s.name, q.reason, count(*)
  from prooftrail.quarantine q join prooftrail.stream s on s.number = q.stream
 group by 1, 2
 order by 3 desc, 1, 2;
