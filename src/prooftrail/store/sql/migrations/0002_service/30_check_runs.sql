-- Verifications that were asked for, and what came of them: kept for whoever asks again.
-- Evidence of nothing: whoever has the verifier's login can write a result here. What was
-- verified is stated in the log (audit.chain.verify), and can be verified again.

create table prooftrail.check_run (
  id uuid primary key,
  asked_by text not null,            -- a key's number, or what asked; nobody's name
  streams text[],                    -- their names; null: all
  from_us bigint,                    -- recorded time, half-open; null: no bound
  to_us bigint,
  started_at timestamptz not null default clock_timestamp(),
  seen_at timestamptz not null default clock_timestamp(), -- by the process that runs it
  done bigint not null default 0,    -- entries checked
  total bigint not null default 0,   -- entries in all; 0 until it is known
  finished_at timestamptz,
  verdict text,
  report text,                       -- JSON, as `prooftrail verify --json` prints it
  constraint verdict_known check (verdict in ('verified', 'tampered', 'could not verify')),
  -- a result is there at once or not at all
  constraint finished_whole check ((finished_at is null) = (verdict is null)
    and (finished_at is null) = (report is null))
);

create index check_run_started on prooftrail.check_run (started_at);

-- a result that is there stays
alter table prooftrail.check_run enable row level security, force row level security;
create policy shown on prooftrail.check_run for select to {verifier} using (true);
create policy begun on prooftrail.check_run for insert to {verifier}
  with check (finished_at is null);
create policy unfinished on prooftrail.check_run for update to {verifier}
  using (finished_at is null) with check (true);

grant select, insert (id, asked_by, streams, from_us, to_us) on prooftrail.check_run
  to {verifier};
grant update (seen_at, done, total, finished_at, verdict, report) on prooftrail.check_run
  to {verifier};
