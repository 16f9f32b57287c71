-- Who could do more than the privilege table says: (power, login, the role that has it).
with can_act as (
  -- as which roles a login may act, or may let itself act; a superuser may as all
  select l.rolname as login, l.oid as login_oid, r.*
    from pg_roles l
    join pg_roles r on r.oid = l.oid
      or not l.rolsuper and (pg_has_role(l.oid, r.oid, %(act)s)
                             or pg_has_role(l.oid, r.oid, 'MEMBER WITH ADMIN OPTION'))
   where l.rolcanlogin
), supreme as (
  select distinct login from can_act where rolsuper
), power as (
  select 'superuser' as power, login, rolname from can_act where rolsuper
  union all
  select 'owner', login, rolname from can_act where rolname = %(owner)s
  union all
  -- 15: grants itself every role that is no superuser; 16 and newer: only those it made
  select 'createrole', login, rolname from can_act
   where rolcreaterole and current_setting('server_version_num')::integer < 160000
  union all
  select 'database', c.login, c.rolname
    from can_act c join pg_database b on b.datdba = c.oid
   where b.datname = current_database()
  union all
  select 'bypassrls', login, rolname from can_act where rolbypassrls
  union all
  select 'replication', login, rolname from can_act where rolreplication
  union all
  select rolname, login, rolname from can_act
   where rolname in ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
                     'pg_write_server_files', 'pg_execute_server_program')
  union all
  select 'others', login, rolname from can_act
   where rolname = any(%(logins)s) and login <> rolname
)
select p.power, p.login, string_agg(p.rolname, ', ' order by p.rolname)
  from power p
 where p.power = 'superuser' or p.login not in (select login from supreme)
 group by 1, 2
 order by 1, 2;
