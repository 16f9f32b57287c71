-- The names of the log's partitions, one a month.
select c.relname
  from pg_catalog.pg_inherits i
  join pg_catalog.pg_class c on c.oid = i.inhrelid
 where i.inhparent = 'prooftrail.log'::pg_catalog.regclass
 order by 1
