-- Row-level security, forced. What has ended stays ended, whoever has the login: a session
-- that was left, a person's link that was used.

alter table prooftrail.session enable row level security, force row level security;
create policy whole on prooftrail.session for select to {access}, {owner} using (true);
create policy begun on prooftrail.session for insert to {access} with check (ended_at is null);
create policy unended on prooftrail.session for update to {access}, {owner}
  using (ended_at is null) with check (true);

alter table prooftrail.invitation enable row level security, force row level security;
create policy whole on prooftrail.invitation for select to {access}, {owner} using (true);
create policy fresh on prooftrail.invitation for insert to {access}, {owner}
  with check (used_at is null and withdrawn_at is null);
create policy open on prooftrail.invitation for update to {access}, {owner}
  using (used_at is null and withdrawn_at is null) with check (true);

-- by name, streams are named in invitations and events
create policy named on prooftrail.stream for select to {access} using (true);
