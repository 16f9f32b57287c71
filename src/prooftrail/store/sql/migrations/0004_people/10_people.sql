-- People's access to the console: who they are, how they are let in, and for how long. One
-- login, access, alone reads password hashes and writes sessions. Nobody and no session is
-- ever deleted: what somebody did has a name for ever.

-- Somebody who accepted an invitation.
create table prooftrail.person (
  id integer generated always as identity primary key, -- `person:<id>` in events
  email text collate "C" not null unique, -- folded: one spelling, one person
  name text not null,
  role text not null,
  password_hash text not null,       -- Argon2id, in its own encoding
  totp bytea not null,               -- the second factor's secret, under the access key
  totp_step bigint not null,         -- of the newest code that was accepted: each is good once
  streams smallint[],                -- their numbers; null: all, future ones too
  from_us bigint not null default -9223372036854775807,
  to_us bigint not null default 9223372036854775807,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,            -- when the access ends by itself; null: it does not
  disabled_at timestamptz,
  constraint email_fits check (email ~ '^[^[:cntrl:][:space:]@]+@[^[:cntrl:][:space:]@]+$'
    and octet_length(email) <= 254),
  constraint name_fits check (name ~ '^[^[:cntrl:]]{{1,80}}$'),
  constraint role_known check (role in ('auditor', 'security', 'privacy_officer', 'admin')),
  constraint hash_is_argon2id check (password_hash like '$argon2id$%'),
  -- half-open, as everywhere
  constraint period check (from_us < to_us)
);

-- A link by which somebody becomes a person, or sets password and second factor anew.
create table prooftrail.invitation (
  id integer generated always as identity primary key,
  token_hash bytea not null unique,  -- SHA-256: a token has 256 random bits, no salt is needed
  email text collate "C" not null,
  name text not null,
  role text not null,
  streams smallint[],                -- what it grants, as in person
  from_us bigint not null default -9223372036854775807,
  to_us bigint not null default 9223372036854775807,
  access_ends_at timestamptz,        -- person.expires_at to be
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,   -- the link
  used_at timestamptz,
  withdrawn_at timestamptz,          -- by a newer one for the same address, or with the person
  constraint email_fits check (email ~ '^[^[:cntrl:][:space:]@]+@[^[:cntrl:][:space:]@]+$'
    and octet_length(email) <= 254),
  constraint name_fits check (name ~ '^[^[:cntrl:]]{{1,80}}$'),
  constraint role_known check (role in ('auditor', 'security', 'privacy_officer', 'admin')),
  constraint hash_is_sha256 check (octet_length(token_hash) = 32),
  constraint period check (from_us < to_us)
);

create index invitation_email on prooftrail.invitation (email);

-- Somebody who is logged in, in one browser.
create table prooftrail.session (
  id bigint generated always as identity primary key,
  token_hash bytea not null unique,  -- SHA-256, as a key's
  person integer not null references prooftrail.person (id),
  created_at timestamptz not null,
  seen_at timestamptz not null,
  idle_ends_at timestamptz not null, -- moves on while it is used
  expires_at timestamptz not null,   -- however much it is used
  ended_at timestamptz,
  constraint hash_is_sha256 check (octet_length(token_hash) = 32)
);

create index session_person on prooftrail.session (person) where ended_at is null;

-- How often logging in failed of late, by account and by address. Whose it is, only a keyed
-- digest tells: into the field for the address people type passwords, too.
create table prooftrail.throttle (
  subject bytea primary key,
  times bigint[] not null,           -- microseconds since the epoch, of the newest failures
  seen_at timestamptz not null,
  constraint subject_is_hmac check (octet_length(subject) = 32),
  constraint times_bounded check (cardinality(times) <= 64)
);

create index throttle_seen on prooftrail.throttle (seen_at);
