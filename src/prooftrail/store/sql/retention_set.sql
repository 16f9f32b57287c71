-- One more policy; the newest holds.
insert into prooftrail.retention_policy (stream, policy)
values (%(stream)s, %(policy)s)
returning id, set_at, set_by
