-- Take envelopes out that were fetched; fewer than asked for: another keeper was faster.
delete from prooftrail.envelope e
 using unnest(%(streams)b::smallint[], %(ids)b::uuid[]) as t (stream, event_id)
 where e.stream = t.stream and e.event_id = t.event_id;
