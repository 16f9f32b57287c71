-- The functions. Those that run as the owner pin search_path, so that nobody can put
-- an operator or a table of his own before the one that is meant.

-- Append-only means append-only, for the owner and for superusers too.
create function prooftrail.refuse() returns trigger language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
  raise exception '% on %.% is refused: it is append-only',
      tg_op, tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege',
          hint = 'Entries enter through the sealer and never change.';
end $$;

-- New rows must continue their stream's chain: no gap, no fork, no other prev, no step
-- back in time, and no new time that is far ahead of this clock. Going on with the time
-- of the newest entry passes: else a clock that ran ahead, once it is set right, would
-- stop sealing until it had caught up. The compare-and-swap on the head is the fence
-- between sealers.
create function prooftrail.link() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
  part record;
  clock bigint;
begin
  for part in
    select q.stream, min(q.seq) as first, max(q.seq) as last,
           min(q.recorded_us) as since, max(q.recorded_us) as till,
           bool_and(q.linked) as linked,
           (array_agg(q.prev order by q.seq))[1] as prev,
           (array_agg(q.leaf order by q.seq desc))[1] as leaf
      from (
        select f.*, s.number is not null and coalesce(
                 f.prev = lag(f.leaf) over w and f.seq = lag(f.seq) over w + 1
                 and f.recorded_us >= lag(f.recorded_us) over w, true) as linked
          from fresh f
          left join prooftrail.stream s on s.number = f.stream and s.stream_id = f.stream_id
        window w as (partition by f.stream order by f.seq)
      ) q
     group by q.stream
     order by q.stream
  loop
    clock := extract(epoch from clock_timestamp()) * 1000000;
    update prooftrail.head h
       set seq = part.last, leaf = part.leaf, recorded_us = part.till
     where h.stream = part.stream and part.linked
       and h.seq = part.first - 1 and h.leaf = part.prev
       and h.recorded_us <= part.since
       and part.till <= greatest(h.recorded_us, clock + 300000000);
    if not found then
      perform from prooftrail.head h
        where h.stream = part.stream and part.linked
          and h.seq = part.first - 1 and h.leaf = part.prev
          and h.recorded_us <= part.since;
      if found then
        raise exception 'stream %: the time of entries % to %, %, is more than 5 minutes ahead of the database''s clock, %',
            part.stream, part.first, part.last,
            to_timestamp(part.till / 1000000) at time zone 'UTC',
            to_timestamp(clock / 1000000) at time zone 'UTC'
          using errcode = 'integrity_constraint_violation',
                hint = 'Set the clocks of sealer and database right; both times are UTC.';
      end if;
      raise exception 'stream %: entries % to % do not continue the chain',
          part.stream, part.first, part.last
        using errcode = 'integrity_constraint_violation',
              hint = 'Another sealer was faster, or the head was altered.';
    end if;
  end loop;

  insert into prooftrail.daily as d (stream, day, action, role, result, pii, n)
  select f.stream, prooftrail.day_of(f.occurred_us), f.action, f.role, f.result, f.pii, count(*)
    from fresh f
   where f.continues is null  -- an event counts once, however many entries hold it
   group by 1, 2, 3, 4, 5, 6
      on conflict on constraint daily_key do update set n = d.n + excluded.n;
  return null;
end $$;

-- A new checkpoint must fit the log: its peaks and the leaf of the last entry that it covers
-- give the root that its note states, after its size. Whoever has the signer's login writes
-- whatever he likes here, and what does not fit would hold up the sealer. This is just what
-- the sealer looks at: what was let in holds it up only once the log has changed. Who signed
-- it is not for the database to know.
create function prooftrail.compare() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
  root bytea;
  peaks integer := octet_length(new.peaks) / 32;
begin
  select l.leaf into root
    from prooftrail.log l
   where l.stream = new.stream and l.seq = new.size - 1
   limit 1;
  if root is null then
    raise exception 'stream %: a checkpoint of % entries does not fit the log: it has no entry %',
        new.stream, new.size, new.size - 1
      using errcode = 'integrity_constraint_violation',
            hint = 'Only the signer writes checkpoints, of entries that are there.';
  end if;
  -- counted first: more would be work without end
  if peaks = bit_count((new.size - 1)::bit(64)) then
    for at in reverse peaks - 1 .. 0 loop
      root := sha256('\x01'::bytea || substr(new.peaks, at * 32 + 1, 32) || root);
    end loop;
    if split_part(new.note, e'\n', 2) = new.size::text
       and split_part(new.note, e'\n', 3) = encode(root, 'base64') then
      return null;
    end if;
  end if;
  raise exception 'stream %: a checkpoint of % entries does not fit the log: its size or root is another',
      new.stream, new.size
    using errcode = 'integrity_constraint_violation',
          hint = 'Only the signer writes checkpoints, with the root of the log itself.';
end $$;

-- The UTC day of an instant, also before 1970.
create function prooftrail.day_of(us bigint) returns integer language sql immutable
return ((us - ((us % 86400000000 + 86400000000) % 86400000000)) / 86400000000)::integer;

-- Make the month's partitions of log and subject, guarded like their parents: triggers
-- and policies of a parent do not hold for a statement that names the partition.
-- LIKE then ATTACH takes a lock that lets readers and the sealer go on.
create function prooftrail.ensure_partition(month date) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  parent text;
  part text;
  since bigint := extract(epoch from date_trunc('month', month::timestamp)) * 1000000;
  till bigint := extract(epoch from date_trunc('month', month::timestamp)
                         + interval '1 month') * 1000000;
  made boolean := false;
begin
  foreach parent in array array['log', 'subject'] loop
    part := parent || '_' || to_char(month, 'YYYYMM');
    continue when to_regclass('prooftrail_part.' || part) is not null;
    execute format(
      'create table prooftrail_part.%1$I (like prooftrail.%2$I including defaults
         including constraints including storage,
         constraint span check (recorded_us >= %3$s and recorded_us < %4$s),
         constraint occurred_span check (occurred_us < %5$s))
       with (autovacuum_vacuum_insert_threshold = 100000,
             autovacuum_vacuum_insert_scale_factor = 0, autovacuum_freeze_min_age = 0)',
      part, parent, since, till, till + 300000000);
    execute format('create trigger refuse_direct
       before insert or update or delete or truncate on prooftrail_part.%I
       for each statement execute function prooftrail.refuse()', part);
    execute format('alter table prooftrail_part.%I enable always trigger refuse_direct,
       enable row level security, force row level security', part);
    execute format('create policy owner_dump on prooftrail_part.%I
       for select to %I using (true)', part, current_user);
    execute format('alter table prooftrail.%2$I attach partition prooftrail_part.%1$I
       for values from (%3$s) to (%4$s)', part, parent, since, till);
    made := true;
  end loop;
  return made;
end $$;
