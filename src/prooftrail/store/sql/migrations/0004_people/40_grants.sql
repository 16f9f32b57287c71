-- The login of whoever lets people in: docs/reference/privileges.md is this as a table.

grant usage on schema prooftrail to {access};

grant select on prooftrail.person, prooftrail.invitation, prooftrail.session to {access};
grant insert (email, name, role, password_hash, totp, totp_step, streams, from_us, to_us,
              expires_at) on prooftrail.person to {access};
grant update (name, role, password_hash, totp, totp_step, streams, from_us, to_us, expires_at,
              disabled_at) on prooftrail.person to {access};
grant insert (token_hash, email, name, role, streams, from_us, to_us, access_ends_at,
              expires_at) on prooftrail.invitation to {access};
grant update (used_at, withdrawn_at) on prooftrail.invitation to {access};
grant insert (token_hash, person, created_at, seen_at, idle_ends_at, expires_at)
  on prooftrail.session to {access};
grant update (seen_at, idle_ends_at, ended_at) on prooftrail.session to {access};
grant select, insert, delete, update (times, seen_at) on prooftrail.throttle to {access};
grant select (number, name) on prooftrail.stream to {access};
