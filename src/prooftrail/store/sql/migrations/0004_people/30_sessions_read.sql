-- A session's token reads as a key's does: what the person may see, row-level security limits.

-- The key or the session of the transaction's token, while it is good.
create or replace view prooftrail.my_key with (security_barrier) as
select k.id, k.name, k.role, k.expires_at, k.from_us, k.to_us, s.streams, s.names,
       k.streams is null as all_streams, 'key'::text as kind
  from prooftrail.api_key k
 cross join lateral (
   select coalesce(array_agg(t.number order by t.number), '{{}}') as streams,
          coalesce(array_agg(t.name order by t.number), '{{}}') as names
     from prooftrail.stream t
    where k.streams is null or t.number = any (k.streams)) s
 where k.token_hash = sha256(convert_to(current_setting('prooftrail.token', true), 'UTF8'))
   and k.revoked_at is null and k.expires_at > now()
union all
select p.id, p.name, p.role, least(n.expires_at, p.expires_at), p.from_us, p.to_us,
       s.streams, s.names, p.streams is null, 'person'::text
  from prooftrail.session n
  join prooftrail.person p on p.id = n.person
 cross join lateral (
   select coalesce(array_agg(t.number order by t.number), '{{}}') as streams,
          coalesce(array_agg(t.name order by t.number), '{{}}') as names
     from prooftrail.stream t
    where p.streams is null or t.number = any (p.streams)) s
 where n.token_hash = sha256(convert_to(current_setting('prooftrail.token', true), 'UTF8'))
   and n.ended_at is null and n.idle_ends_at > now() and n.expires_at > now()
   and p.disabled_at is null and (p.expires_at is null or p.expires_at > now());

-- What the token's holder may read. The policies ask it several times a statement: as a
-- view it would be planned anew each time, and planning took longer than a page's search.
-- It reads tables and a setting, and nothing of its own session: workers may ask it, too.
create function prooftrail.token_grant()
returns table (stream smallint, from_us bigint, to_us bigint)
language plpgsql stable parallel safe security definer rows 4
set search_path = pg_catalog, pg_temp as $$
begin
  return query
    select unnest(k.streams), k.from_us, k.to_us from prooftrail.my_key k
     where k.role <> 'writer';
end
$$;

revoke all on function prooftrail.token_grant() from public;
grant execute on function prooftrail.token_grant() to {reader};

-- As before, with the function for the view.
create or replace view prooftrail.my_grant with (security_barrier) as
select unnest(g.streams) as stream, g.from_us, g.to_us
  from prooftrail.reader_grant g
 where coalesce(current_setting('prooftrail.token', true), '') = ''
   and g.role = current_user and g.expires_at > now()
union all
select t.stream, t.from_us, t.to_us
  from prooftrail.token_grant() t;
