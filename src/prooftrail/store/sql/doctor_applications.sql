-- Who may write events besides the trail's own logins and superusers, by a grant or a membership.
select r.rolname
  from pg_roles r
 where not r.rolsuper and r.rolname <> all(%(roles)s) and r.rolname !~ '^pg_'
   and has_schema_privilege(r.oid, (select oid from pg_namespace where nspname = 'prooftrail'), 'USAGE')
   and has_column_privilege(r.oid, %(inbox)s::oid, 'stream', 'INSERT')
   and has_column_privilege(r.oid, %(inbox)s::oid, 'event', 'INSERT')
 order by 1;
