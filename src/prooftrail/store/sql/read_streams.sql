-- Each stream that anything stands under, and where its log ends: the distinct stream
-- numbers of log and subject by a loose index scan. Rows that were made to stand under
-- none, with constraints dropped, come as number 0, which no stream has.
with recursive present as (
  (select l.stream from prooftrail.log l order by l.stream limit 1)
  union all
  select (select l.stream from prooftrail.log l where l.stream > p.stream
           order by l.stream limit 1)
    from present p where p.stream is not null
), touched as (
  (select q.stream from prooftrail.subject q order by q.stream limit 1)
  union all
  select (select q.stream from prooftrail.subject q where q.stream > t.stream
           order by q.stream limit 1)
    from touched t where t.stream is not null
), numbers as (
  select stream from present where stream is not null
  union select stream from touched where stream is not null
  union select stream from prooftrail.head
  union select stream from prooftrail.daily
  union select stream from prooftrail.checkpoint
  union select number from prooftrail.stream
)
select coalesce(n.stream, 0), s.name, uuid_send(s.stream_id), s.base, s.incarnation, s.keys,
       h.seq, h.leaf, h.recorded_us,
       (select max(l.seq) from prooftrail.log l where l.stream = n.stream)
  from numbers n
  left join prooftrail.stream s on s.number = n.stream
  left join prooftrail.head h on h.stream = n.stream
 order by n.stream
