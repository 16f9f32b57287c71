-- API keys: who may write or read over HTTP. A key is an unguessable token of which only
-- the hash is kept; what it may read is decided here, by row-level security, not by the
-- service's queries. The service tells the database whose request it answers by
-- `set local prooftrail.token`: a setting that anybody may set, hence of use only to whom
-- knows a token.

create table prooftrail.api_key (
  id integer generated always as identity primary key,
  name text not null,                -- whose it is, as people call him or it
  role text not null,
  token_hash bytea not null unique,  -- SHA-256: a token has 256 random bits, no salt is needed
  streams smallint[],                -- their numbers; null: all, future ones too
  from_us bigint not null default -9223372036854775807,
  to_us bigint not null default 9223372036854775807,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  revoked_at timestamptz,
  constraint role_known check (role in ('writer', 'auditor', 'security', 'admin')),
  constraint name_fits check (name ~ '^[^[:cntrl:]]{{1,80}}$'),
  constraint hash_is_sha256 check (octet_length(token_hash) = 32),
  -- half-open, as everywhere
  constraint period check (from_us < to_us)
);

-- The key of the session's token, while it is good.
create view prooftrail.my_key with (security_barrier) as
select k.id, k.name, k.role, k.expires_at, k.from_us, k.to_us, s.streams, s.names,
       k.streams is null as all_streams
  from prooftrail.api_key k
 cross join lateral (
   select coalesce(array_agg(t.number order by t.number), '{{}}') as streams,
          coalesce(array_agg(t.name order by t.number), '{{}}') as names
     from prooftrail.stream t
    where k.streams is null or t.number = any (k.streams)) s
 where k.token_hash = sha256(convert_to(current_setting('prooftrail.token', true), 'UTF8'))
   and k.revoked_at is null and k.expires_at > now();

-- What the holder of the session's token, or without one the present role, may read:
-- never both, so that one period holds. A writer reads nothing.
create or replace view prooftrail.my_grant with (security_barrier) as
select unnest(g.streams) as stream, g.from_us, g.to_us
  from prooftrail.reader_grant g
 where coalesce(current_setting('prooftrail.token', true), '') = ''
   and g.role = current_user and g.expires_at > now()
union all
select unnest(k.streams), k.from_us, k.to_us
  from prooftrail.my_key k
 where k.role <> 'writer';

-- Where each stream ends, for whom may read all of it: to others the number of entries
-- would tell how many they may not see.
create view prooftrail.my_head with (security_barrier) as
select h.stream, h.seq, h.recorded_us
  from prooftrail.head h
  join prooftrail.my_grant g on g.stream = h.stream
 where g.from_us <= -9223372036854775807 and g.to_us = 9223372036854775807;

grant select on prooftrail.my_key, prooftrail.my_head to {reader};
