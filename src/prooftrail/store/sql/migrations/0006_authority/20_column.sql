-- On whose authority: authorised, break-glass, denied or unexplained; a projection like the
-- others. UPDATE is refused to everybody, so the rows that are there are written anew, with
-- the column in them: one pass of ALTER TABLE over log and partitions, which no trigger sees
-- and no hash is touched by. The index of the whole log is dropped first, so that it is built
-- once; it has the column, so that who did what, on whose authority, is counted in it. (On a log
-- that is there already, readers and the sealer wait meanwhile. Nothing is lost in the inbox.)
drop index prooftrail.log_time;
alter table prooftrail.log add column authority text collate "C";
alter table prooftrail.log
  alter column authority type text collate "C"
    using prooftrail.told_authority(result, event),
  alter column authority set not null;
drop function prooftrail.told_authority;
create index log_time on prooftrail.log (stream, occurred_us, seq)
  include (action, role, resource_type, result, pii, actor, ip, authority)
  where continues is null;
