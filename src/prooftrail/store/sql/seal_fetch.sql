-- The next rows after the floor. An event that no entry could hold is not fetched: its text
-- comes as null. Rows of a stream that is not sealed are passed over: they must not fill
-- the batches.
select id, stream, case when octet_length(event) <= %(longest)s then event end, envelope,
       login, channel, (extract(epoch from received_at) * 1000000)::bigint
  from prooftrail.inbox
 where id > %(floor)s and (stream = any(%(names)s)) = %(named)s
 order by id
 limit %(rows)s
