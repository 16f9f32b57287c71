-- Hand over to the sealer what did not fit.
insert into prooftrail.mismatch (stream, event_id, reason)
select * from unnest(%(streams)b::smallint[], %(ids)b::uuid[], %(reasons)b::text[]);
