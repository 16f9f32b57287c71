-- Retention policies: how long entries are kept, of which class, on which ground. Each time
-- one is set is a new row, and the newest holds, so that what held at any time stays known.
-- The administrator sets them as the owner; nothing else writes here.

create table prooftrail.retention_policy (
  id integer generated always as identity primary key,
  stream smallint references prooftrail.stream (number), -- null: all that have none of their own
  policy text not null,              -- JSON, as retention/writing.py reads it
  set_at timestamptz not null default clock_timestamp(),
  set_by text not null default session_user,
  -- read whole before each use
  constraint policy_at_most_64_kib check (octet_length(policy) <= 65536)
);

create trigger refuse_statement
  before update or delete or truncate on prooftrail.retention_policy
  for each statement execute function prooftrail.refuse();
alter table prooftrail.retention_policy enable always trigger refuse_statement;

alter table prooftrail.retention_policy enable row level security, force row level security;
create policy append on prooftrail.retention_policy for insert to {owner} with check (true);
create policy whole on prooftrail.retention_policy for select
  to {owner}, {verifier}, {retention} using (true);
-- of another stream not even that it has a policy of its own, and nothing to whom reads nothing
create policy granted on prooftrail.retention_policy for select to {reader} using (
  (stream is null and exists (select from prooftrail.my_grant))
  or stream = any (array(select g.stream from prooftrail.my_grant g)));

grant select on prooftrail.retention_policy to {reader}, {verifier}, {retention};
