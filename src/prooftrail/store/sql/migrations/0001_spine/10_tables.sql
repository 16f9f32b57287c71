-- The tables. Times are bigint microseconds since the epoch, UTC: a timestamptz would
-- print and parse in the session's zone. Texts that are searched are collate "C": under
-- row-level security only leakproof comparisons may use an index.

create table prooftrail.migration (
  version integer primary key,
  name text not null,
  digest text not null,              -- sha256 of the migration's files, as applied
  applied_at timestamptz not null default clock_timestamp()
);

-- One independent chain.
create table prooftrail.stream (
  number smallint primary key,
  name text collate "C" not null unique,
  stream_id uuid not null unique,    -- 16 random bytes, part of every header
  base text not null,                -- origin = base / stream id in hex / incarnation
  incarnation integer not null default 1,
  keys text[] not null default '{{}}', -- public keys (vkeys) that entry 0 states
  -- names stand in paths, queries and file names
  constraint stream_name check (name ~ '^[a-z0-9][a-z0-9_.-]{{0,62}}$'),
  constraint stream_incarnation check (incarnation >= 1)
);

-- The newest entry of each stream: the leader's lock and the chain's fence.
create table prooftrail.head (
  stream smallint primary key references prooftrail.stream (number),
  seq bigint not null,               -- -1 while the stream is empty
  leaf bytea not null,               -- of that entry; the genesis while empty
  recorded_us bigint not null,
  lease text                         -- never written: FOR UPDATE needs UPDATE on a column
);

-- What applications INSERT, in their own transactions. `event` is text because jsonb
-- destroys spelling. The writer cannot set login, channel and received_at.
create table prooftrail.inbox (
  id bigint generated always as identity primary key,
  stream text not null default 'main',
  event text not null,
  envelope bytea,                    -- personal values, encrypted to the keeper
  login text not null default session_user,
  channel text not null default coalesce('tcp ' || host(inet_client_addr()), 'socket'),
  received_at timestamptz not null default clock_timestamp(),
  -- a writer can send no row that the sealer or the server could not take in again. Far
  -- above what is sealed: what is just too long comes in, and is kept in quarantine
  constraint stream_at_most_63_bytes check (octet_length(stream) <= 63),
  constraint event_at_most_16_mib check (octet_length(event) <= 16777216),
  constraint envelope_at_most_1_mib check (octet_length(envelope) <= 1048576)
) with (
  -- emptied as fast as it fills: vacuum by count, at once, without giving pages back
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
  autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off
);

-- The log of sealed entries. Header fields first, then the event, then projections of it.
create table prooftrail.log (
  stream smallint not null,
  seq bigint not null,
  recorded_us bigint not null,
  kind smallint not null,
  stream_id uuid not null,
  prev bytea not null,
  body bytea not null,
  leaf bytea not null,
  salt bytea,                        -- null, like the event, once it is redacted
  event bytea,
  event_id uuid not null,
  occurred_us bigint not null,
  actor text collate "C",
  role text collate "C",
  action text collate "C" not null,
  resource_type text collate "C",
  resource_id text collate "C",
  result text collate "C" not null,
  ip inet,
  pii boolean not null,
  continues uuid,                    -- the event's first entry, by its event_id; null there
  primary key (stream, seq, recorded_us),
  -- the leaf is the SHA-256 of 0x00 and the 98 header bytes, whoever writes the row
  constraint leaf_is_hash check (leaf = sha256(
    case kind when 0 then '\x000100'::bytea else '\x000101'::bytea end
    || uuid_send(stream_id) || prev || int8send(seq) || int8send(recorded_us) || body)),
  -- the body is the salted SHA-256 of the event, where the event is there:
  -- the literal is L("body")
  constraint body_is_hash check (event is null or body = sha256(
    '\x70726f6f66747261696c2f76312f626f647900'::bytea || salt || event)),
  -- lets the planner leave out partitions that ended before an event time
  constraint not_from_the_future check (occurred_us <= recorded_us + 300000000),
  -- fixed widths make the hashed bytes unambiguous
  constraint shape check (kind in (0, 1) and seq >= 0 and octet_length(prev) = 32
    and octet_length(body) = 32 and (event is null) = (salt is null)
    and (salt is null or octet_length(salt) = 16))
) partition by range (recorded_us);

-- Whose personal data an entry touched: a row a subject that is not resource_id.
create table prooftrail.subject (
  stream smallint not null,
  seq bigint not null,
  subject text collate "C" not null,
  occurred_us bigint not null,
  recorded_us bigint not null,
  primary key (stream, seq, subject, recorded_us),
  -- as in the log
  constraint not_from_the_future check (occurred_us <= recorded_us + 300000000)
) partition by range (recorded_us);

-- Events a day of event time, for facets and histograms; kept by the log's trigger.
create table prooftrail.daily (
  stream smallint not null,
  day integer not null,              -- days since the epoch, UTC
  action text collate "C" not null,
  role text collate "C",
  result text collate "C" not null,
  pii boolean not null,
  n bigint not null,
  -- a missing role is a value like any other here
  constraint daily_key unique nulls not distinct (stream, day, action, role, result, pii)
);

-- Signed statements of a stream's size and root.
create table prooftrail.checkpoint (
  stream smallint not null references prooftrail.stream (number),
  size bigint not null,
  signed_us bigint not null,
  note text not null,                -- the signed note, as anchored
  peaks bytea not null,              -- compact range of the first size - 1 leaves
  primary key (stream, size, signed_us),
  -- one hash a one bit of size - 1: with leaf size - 1 they give the signed root
  constraint peaks_fit check (size >= 1 and octet_length(peaks) % 32 = 0),
  -- the sealer reads the newest before each batch; the signer's own have some 600 bytes
  constraint note_at_most_16_kib check (octet_length(note) <= 16384)
);

-- What could not be sealed, kept as it came.
create table prooftrail.quarantine (
  id bigint generated always as identity primary key,
  stream smallint not null references prooftrail.stream (number),
  inbox_id bigint not null,
  login text not null,
  channel text not null,
  received_at timestamptz not null,
  reason text not null,
  digest bytea not null,             -- SHA-256 of the event text, stated in the log
  event text not null,
  envelope bytea,
  at timestamptz not null default clock_timestamp()
);

-- Envelopes on their way from the inbox to the keeper.
create table prooftrail.envelope (
  stream smallint not null,
  event_id uuid not null,
  envelope bytea not null,
  primary key (stream, event_id)
);

-- One key a data subject, wrapped by a key that lives outside the database.
create table prooftrail.subject_key (
  subject text collate "C" primary key,
  wrapped bytea not null
);

-- Protected personal values; each is encrypted under its subject's key.
create table prooftrail.vault (
  stream smallint not null,
  event_id uuid not null,
  pointer text collate "C" not null, -- RFC 6901
  class text collate "C" not null,
  subject text collate "C" not null,
  sealed bytea not null,             -- value, salt and mask
  primary key (stream, event_id, pointer)
);

-- What a role that reads may see: streams, and one period of event time. One row a role:
-- the policies join the periods of all rows that apply, so two would open more than either.
create table prooftrail.reader_grant (
  id bigint generated always as identity primary key,
  role name not null unique,
  streams smallint[] not null,       -- their numbers
  from_us bigint not null,
  to_us bigint not null,
  expires_at timestamptz not null,
  -- half-open, as everywhere
  constraint period check (from_us < to_us)
);
