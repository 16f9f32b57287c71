-- A verification is asked for.
insert into prooftrail.check_run (id, asked_by, streams, from_us, to_us)
values (%(id)s, %(asked_by)s, %(streams)s, %(from_us)s, %(to_us)s);
