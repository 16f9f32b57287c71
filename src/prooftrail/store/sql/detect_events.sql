-- What rules need of a stream's events, in the order of their own time.
{found}
 where l.stream = {stream}::smallint
   and l.occurred_us >= {from_us}::bigint and l.occurred_us < {to_us}::bigint
   and l.seq <= {last}::bigint
   and {needed}
 order by l.occurred_us, l.seq
