-- What rules need of the entries of a stream from one seq to another, in their order.
{found}
 where l.stream = {stream}::smallint and l.seq > {after}::bigint and l.seq <= {until}::bigint
   and l.recorded_us >= {since}::bigint
   and {needed}
 order by l.seq
