-- Whole days, as the log's trigger counts them, each in its first hour.
select l.day::bigint * 24 as hour, l.result, l.action, l.role, l.pii, l.n
  from prooftrail.daily l
 where l.stream = any({streams}::smallint[]) and l.day >= {first}::integer
   and l.day < {end}::integer and {conditions}
