-- New keys of subjects that have none; whoever came first has made the one that counts.
insert into prooftrail.subject_key (subject, wrapped)
select * from unnest(%(subjects)b::text[], %(wrapped)b::bytea[])
    on conflict do nothing;
