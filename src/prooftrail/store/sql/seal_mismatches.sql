-- What the keeper found in these streams and nobody stated yet.
select id, stream, event_id, reason
  from prooftrail.mismatch
 where stream = any(%(streams)s)
 order by id
 limit %(rows)s;
