-- The entries of a stream in order, from one seq to another.
{found}
 where l.stream = {stream}::smallint and l.seq > {after}::bigint
   and l.seq <= {until}::bigint and {conditions}
 order by l.seq
 limit {limit}
