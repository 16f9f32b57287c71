-- Entries whose event ids stand in their stream more than once, of the first hundred
-- such ids.
select l.stream, uuid_send(l.event_id), l.seq, l.event
  from prooftrail.log l
  join (
    select stream, event_id
      from prooftrail.log
     group by stream, event_id
    having count(*) > 1
     limit 100
  ) r using (stream, event_id)
 order by l.stream, l.event_id, l.seq
