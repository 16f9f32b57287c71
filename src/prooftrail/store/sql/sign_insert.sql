-- Two checkpoints of one size differ in their time; a taken time inserts nothing.
insert into prooftrail.checkpoint (stream, size, signed_us, note, peaks)
values (%(stream)s, %(size)s, %(signed_us)s, %(note)s, %(peaks)s)
on conflict do nothing;
