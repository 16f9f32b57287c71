-- Who holds an old snapshot, so that rows deleted from the inbox cannot be vacuumed:
-- (kind, who, seconds or null, transactions since). A login without pg_read_all_stats
-- sees of others how old their snapshot is, not since when.
select case when a.datid is null then 'standby feedback' else 'transaction' end,
       format('process %%s, login %%s, application %%s', a.pid, coalesce(a.usename, '-'),
              coalesce(nullif(a.application_name, ''), '-')),
       extract(epoch from clock_timestamp() - a.xact_start)::bigint,
       age(a.backend_xmin)::bigint
  from pg_stat_activity a
 where a.backend_xmin is not null and a.pid <> pg_backend_pid()
   and (a.datid is null or a.datname = current_database())
   and (a.xact_start < clock_timestamp() - make_interval(secs => %(seconds)s)
        or age(a.backend_xmin) > %(transactions)s)
union all
select 'prepared transaction', format('%%s of %%s', p.gid, p.owner),
       extract(epoch from clock_timestamp() - p.prepared)::bigint, age(p.transaction)::bigint
  from pg_prepared_xacts p
 where p.database = current_database()
   and p.prepared < clock_timestamp() - make_interval(secs => %(seconds)s)
union all
select 'replication slot',
       format('%%s (%%s)', s.slot_name, case when s.active then 'active' else 'inactive' end),
       null, age(s.xmin)::bigint
  from pg_replication_slots s
 where s.xmin is not null and age(s.xmin) > %(transactions)s;
