-- The next rows after the floor, at most %(rows)s and about %(bytes)s bytes of text. An
-- event that no entry could hold is not fetched: its text comes as null.
select id, stream, case when bytes <= %(longest)s then event end, envelope, login, channel,
       (extract(epoch from received_at) * 1000000)::bigint
  from (
    select *, sum(bytes) over (order by id) as total
      from (
        select i.*, octet_length(i.event)::bigint as bytes
          from prooftrail.inbox i
         where i.id > %(floor)s
         order by i.id
         limit %(rows)s
      ) q
  ) q
 where total - bytes < %(bytes)s
 order by id;
