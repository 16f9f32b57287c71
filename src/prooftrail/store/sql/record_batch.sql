-- A group commit: many events, any streams, one round trip. No RETURNING: the writer may
-- INSERT and nothing else. Rows keep their order, so ids follow the order of the calls.
-- Binary (b), because the driver quotes each text of a list otherwise: 1,000 rows take
-- 5 ms this way and 36 ms the other.
insert into prooftrail.inbox (stream, event, envelope)
select * from unnest(%(streams)b::text[], %(events)b::text[], %(envelopes)b::bytea[]);
