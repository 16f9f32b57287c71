-- What the keeper found and the sealer has yet to state: only the sealer writes to the log.
-- The keeper inserts in the transaction that takes the envelope out, the sealer deletes in
-- the one that commits the statement. One of few reasons: nothing that a writer chose.

create table prooftrail.mismatch (
  id bigint generated always as identity primary key,
  stream smallint not null references prooftrail.stream (number),
  event_id uuid not null,
  reason text not null,
  at timestamptz not null default clock_timestamp(),
  constraint reason_known check (reason in (
    'the envelope does not open',
    'its epoch key is not there',
    'the event is not there',
    'a value does not fit its commitment',
    'a protected value is not in the envelope',
    'the envelope holds a value without a place',
    'the key of its subject does not open'))
);

grant insert (stream, event_id, reason) on prooftrail.mismatch to {keeper};
grant select, delete on prooftrail.mismatch to {sealer};
