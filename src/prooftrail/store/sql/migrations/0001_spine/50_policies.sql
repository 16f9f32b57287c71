-- Row-level security, forced: it binds the owner too. Only uncorrelated subqueries on
-- columns that stand in every search index keep the indexes usable, and a bare time range
-- is misjudged by the planner where `all time OR range` is not.

alter table prooftrail.log enable row level security, force row level security;
create policy seal on prooftrail.log for insert to {sealer} with check (true);
create policy whole on prooftrail.log for select
  to {sealer}, {signer}, {verifier}, {owner} using (true);
create policy granted on prooftrail.log for select to {reader} using (
  stream = any (array(select g.stream from prooftrail.my_grant g))
  and ((select coalesce(bool_and(g.from_us <= -9223372036854775807
                                 and g.to_us = 9223372036854775807), false)
          from prooftrail.my_grant g)
    or (occurred_us >= (select min(g.from_us) from prooftrail.my_grant g)
        and occurred_us < (select max(g.to_us) from prooftrail.my_grant g))));

alter table prooftrail.subject enable row level security, force row level security;
create policy seal on prooftrail.subject for insert to {sealer} with check (true);
create policy whole on prooftrail.subject for select
  to {sealer}, {verifier}, {owner} using (true);
create policy granted on prooftrail.subject for select to {reader} using (
  stream = any (array(select g.stream from prooftrail.my_grant g))
  and ((select coalesce(bool_and(g.from_us <= -9223372036854775807
                                 and g.to_us = 9223372036854775807), false)
          from prooftrail.my_grant g)
    or (occurred_us >= (select min(g.from_us) from prooftrail.my_grant g)
        and occurred_us < (select max(g.to_us) from prooftrail.my_grant g))));

-- a day counts only if all of it lies in the period
alter table prooftrail.daily enable row level security, force row level security;
create policy rollup on prooftrail.daily to {owner} using (true) with check (true);
create policy whole on prooftrail.daily for select to {verifier} using (true);
create policy granted on prooftrail.daily for select to {reader} using (
  stream = any (array(select g.stream from prooftrail.my_grant g))
  and ((select coalesce(bool_and(g.from_us <= -9223372036854775807
                                 and g.to_us = 9223372036854775807), false)
          from prooftrail.my_grant g)
    or (day * 86400000000 >= (select min(g.from_us) from prooftrail.my_grant g)
        and (day + 1) * 86400000000 <= (select max(g.to_us) from prooftrail.my_grant g))));

alter table prooftrail.stream enable row level security, force row level security;
create policy registry on prooftrail.stream to {owner} using (true) with check (true);
create policy whole on prooftrail.stream for select
  to {sealer}, {signer}, {verifier} using (true);
create policy granted on prooftrail.stream for select to {reader} using (
  number = any (array(select g.stream from prooftrail.my_grant g)));

alter table prooftrail.checkpoint enable row level security, force row level security;
create policy sign on prooftrail.checkpoint for insert to {signer} with check (true);
create policy whole on prooftrail.checkpoint for select
  to {sealer}, {signer}, {verifier}, {owner} using (true);
-- a size tells how many entries there are: of the period's own time only
create policy granted on prooftrail.checkpoint for select to {reader} using (
  stream = any (array(select g.stream from prooftrail.my_grant g))
  and ((select coalesce(bool_and(g.from_us <= -9223372036854775807
                                 and g.to_us = 9223372036854775807), false)
          from prooftrail.my_grant g)
    or (signed_us >= (select min(g.from_us) from prooftrail.my_grant g)
        and signed_us < (select max(g.to_us) from prooftrail.my_grant g))));
