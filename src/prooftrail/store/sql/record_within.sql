-- One event, with its continuation entries where it has any, inside the transaction of
-- the caller's own connection. No RETURNING: the writer may INSERT and nothing else.
insert into prooftrail.inbox (stream, event, envelope)
select %(stream)s::text, * from unnest(%(events)s::text[], %(envelopes)s::bytea[])
