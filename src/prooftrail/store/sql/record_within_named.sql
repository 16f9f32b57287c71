-- record_within.sql as SQLAlchemy's text() names its parameters.
insert into prooftrail.inbox (stream, event, envelope)
select cast(:stream as text), *
  from unnest(cast(:events as text[]), cast(:envelopes as bytea[]))
