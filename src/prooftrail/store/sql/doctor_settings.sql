-- Settings on which durability rests: (name, scope, value).
select s.name, 'the server', s.setting
  from pg_settings s
 where s.name in ('fsync', 'full_page_writes') or s.name = 'synchronous_commit'
union all
-- of a login or a database, in place of the server's
select split_part(c, '=', 1),
       concat_ws(' in ', case when d.setrole = 0 then null else pg_get_userbyid(d.setrole)::text end,
                 (select b.datname::text from pg_database b where b.oid = d.setdatabase)),
       split_part(c, '=', 2)
  from pg_db_role_setting d, unnest(d.setconfig) c
 where c like 'synchronous_commit=%'
   and d.setdatabase in (0, (select oid from pg_database where datname = current_database()));
