-- Entries whose event ids stand in their stream more than once, of the first hundred
-- such ids. An event may stand in two streams: so ids are looked for first, which the
-- index alone answers, then those of one stream.
select l.stream, uuid_send(l.event_id), l.seq, l.event
  from prooftrail.log l
  join (
    select stream, event_id
      from prooftrail.log
      join (
        select event_id from prooftrail.log group by event_id having count(*) > 1
      ) twice using (event_id)
     group by stream, event_id
    having count(*) > 1
     limit 100
  ) r using (stream, event_id)
 order by l.stream, l.event_id, l.seq
