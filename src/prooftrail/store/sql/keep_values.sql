-- Values come once: an envelope that is opened again finds them there.
insert into prooftrail.vault (stream, event_id, pointer, class, subject, sealed)
select * from unnest(%(streams)b::smallint[], %(ids)b::uuid[], %(pointers)b::text[],
                     %(classes)b::text[], %(subjects)b::text[], %(sealed)b::bytea[])
    on conflict do nothing;
