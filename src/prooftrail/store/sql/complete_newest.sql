-- Values in the newest events of each stream that the asker may see: no more are read.
select distinct f.value
  from unnest({streams}::smallint[]) as s (stream)
 cross join lateral (
       select {column} as value
         from prooftrail.log l
        where l.continues is null and l.stream = s.stream
          and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint
        order by l.occurred_us desc, l.seq desc
        limit {window}) f
 where f.value >= {low} {below}
 order by f.value
 limit {most}
