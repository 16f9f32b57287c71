-- The next rows after the floor, at most %(rows)s and about %(bytes)s bytes of events and
-- envelopes, at least one. An event that no entry could hold is not fetched: its text comes
-- as null. Rows of a stream that is not sealed are passed over: they must not fill the batches.
select id, stream, case when octet_length(event) <= %(longest)s then event end, envelope,
       login, channel, (extract(epoch from received_at) * 1000000)::bigint
  from prooftrail.inbox
 where id > %(floor)s and (stream = any(%(names)s)) = %(named)s and id <= (
    select max(id)
      from (
        select id, bytes, sum(bytes) over (order by id rows unbounded preceding) as total
          from (
            select id, octet_length(event)::bigint + coalesce(octet_length(envelope), 0) as bytes
              from prooftrail.inbox
             where id > %(floor)s and (stream = any(%(names)s)) = %(named)s
             order by id
             limit %(rows)s
          ) q
      ) q
     where total - bytes < %(bytes)s
  )
 order by id;
