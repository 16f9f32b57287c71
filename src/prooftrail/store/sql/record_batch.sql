-- A group commit: many events, any streams, one round trip. No RETURNING: the writer may
-- INSERT and nothing else. Rows keep their order, so ids follow the order of the calls.
-- Sent by libpq itself, with its own placeholders (`store/inbox`).
insert into prooftrail.inbox (stream, event, envelope)
select * from unnest($1::text[], $2::text[], $3::bytea[]);
