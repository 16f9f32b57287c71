-- A group commit: many events, any streams, one round trip. No RETURNING: the writer may
-- INSERT and nothing else. Rows keep their order, so ids follow the order of the calls.
insert into prooftrail.inbox (stream, event, envelope)
select * from unnest(%(streams)s::text[], %(events)s::text[], %(envelopes)s::bytea[]);
