-- What the keeper must know of tables that it cannot read.

-- Envelopes that wait, each with its event: the keeper reads no other events than those.
-- The log is looked through from the time that a version 7 id carries on (an entry is at
-- most 5 minutes older), for other ids all of it.
create function prooftrail.enveloped(rows integer)
returns table (stream smallint, stream_id uuid, event_id uuid, envelope bytea, event bytea)
language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
  select e.stream, s.stream_id, e.event_id, e.envelope, l.event
    from (select w.*, uuid_send(w.event_id) as id
            from prooftrail.envelope w limit rows) e
    join prooftrail.stream s on s.number = e.stream
    left join lateral (
      select f.event
        from prooftrail.log f
       where f.event_id = e.event_id and f.stream = e.stream and f.kind = 0
         and f.recorded_us >= case get_byte(e.id, 6) >> 4
           when 7 then ('x' || substr(encode(e.id, 'hex'), 1, 12))::bit(48)::bigint * 1000
                       - 300000000
           else -9223372036854775808 end
       limit 1
    ) l on true
$$;

-- The event of a value that is in the vault, to be compared with its commitment again.
create function prooftrail.held(of_stream smallint, id uuid) returns bytea
language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
  select f.event
    from prooftrail.log f
   where f.event_id = id and f.stream = of_stream and f.kind = 0
     and exists (select from prooftrail.vault v
                  where v.stream = of_stream and v.event_id = id)
   limit 1
$$;

-- Whether anything still waits for this epoch key: then it must not be destroyed yet.
create function prooftrail.awaits(key_id bytea) returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
  select exists (select from prooftrail.envelope e where substr(e.envelope, 2, 8) = key_id)
      or exists (select from prooftrail.inbox i where substr(i.envelope, 2, 8) = key_id)
$$;

revoke all on function prooftrail.enveloped(integer), prooftrail.held(smallint, uuid),
  prooftrail.awaits(bytea) from public;
grant execute on function prooftrail.enveloped(integer), prooftrail.held(smallint, uuid),
  prooftrail.awaits(bytea) to {keeper};

-- names and ids are published with the epoch keys
create policy published on prooftrail.stream for select to {keeper} using (true);
grant select (number, name, stream_id) on prooftrail.stream to {keeper};
