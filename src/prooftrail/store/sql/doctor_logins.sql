-- May each login reach this database, and the sealer make temporary tables: (role, connect, temp).
select r.rolname,
       has_database_privilege(r.oid, b.oid, 'CONNECT'),
       has_database_privilege(r.oid, b.oid, 'TEMP')
  from pg_roles r, pg_database b
 where b.datname = current_database() and r.rolname = any(%(roles)s)
 order by 1;
