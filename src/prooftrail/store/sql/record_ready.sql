-- Whether this login may write events (null: it sees no inbox), and whether the server
-- takes no writes. Writes nothing itself.
select (select has_schema_privilege(n.oid, 'usage')
           and has_column_privilege(c.oid, 'event', 'insert')
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'prooftrail' and c.relname = 'inbox'),
       pg_is_in_recovery() or current_setting('transaction_read_only')::boolean;
