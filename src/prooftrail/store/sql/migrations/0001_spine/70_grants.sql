-- Who may do what: docs/reference/privileges.md is this file as a table, and a test
-- holds both against the live catalog.

revoke all on all functions in schema prooftrail from public;
revoke all on all tables in schema prooftrail from public;

grant usage on schema prooftrail to
  {writer}, {sealer}, {signer}, {keeper}, {reader}, {verifier}, {retention};

grant insert (stream, event, envelope) on prooftrail.inbox to {writer};

grant select, delete on prooftrail.inbox to {sealer};
grant select, update (lease) on prooftrail.head to {sealer};
grant select, insert on prooftrail.log, prooftrail.subject to {sealer};
grant insert on prooftrail.quarantine, prooftrail.envelope to {sealer};
grant select on prooftrail.stream, prooftrail.checkpoint to {sealer};
grant execute on function prooftrail.ensure_partition(date) to {sealer};

grant select on prooftrail.stream to {signer};
grant select (stream, seq, recorded_us, kind, stream_id, prev, body, leaf)
  on prooftrail.log to {signer};
grant select, insert on prooftrail.checkpoint to {signer};

grant select, delete on prooftrail.envelope to {keeper};
grant select, insert on prooftrail.vault to {keeper};
grant select, insert, delete on prooftrail.subject_key to {keeper};

grant select on prooftrail.stream, prooftrail.log, prooftrail.subject, prooftrail.daily,
  prooftrail.checkpoint, prooftrail.my_grant, prooftrail.entry to {reader};

grant select on prooftrail.migration, prooftrail.stream, prooftrail.head, prooftrail.log,
  prooftrail.subject, prooftrail.daily, prooftrail.checkpoint to {verifier};
grant select (id, stream, received_at) on prooftrail.inbox to {verifier};
grant select (id, stream, inbox_id, received_at, reason, digest, at)
  on prooftrail.quarantine to {verifier};
