-- By what values can be found, with them.
insert into prooftrail.exact (digest, stream, event_id, pointer, subject)
select * from unnest(%(digests)b::bytea[], %(streams)b::smallint[], %(ids)b::uuid[],
                     %(pointers)b::text[], %(subjects)b::text[])
    on conflict do nothing;
