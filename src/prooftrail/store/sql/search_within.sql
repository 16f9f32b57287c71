-- The first of some entries, until those before have more bytes than a reader is given at
-- once. Lengths are read without what is stored elsewhere.
select f.stream, f.seq, f.recorded_us, f.kind, f.prev, f.leaf, f.event, f.event_id,
       f.occurred_us, f.action, f.result, f.continues, f.authority
  from (select g.*, row_number() over given as place,
               sum(coalesce(octet_length(g.event), 0)) over given as bytes
          from ({entries}) g
        window given as (order by {order} rows unbounded preceding)) f
 where f.bytes - coalesce(octet_length(f.event), 0) < {bytes}
 order by f.place
