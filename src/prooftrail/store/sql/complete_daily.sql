-- Values that the daily counts know, of the newest days.
select distinct f.value
  from (select {column} as value
          from prooftrail.daily d
         where d.stream = any({streams}::smallint[]) and d.day >= {first}::integer) f
 where f.value >= {low} {below}
 order by f.value
 limit {most}
