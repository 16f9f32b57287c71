-- Each stream that has a head, entries or both, and where its log ends: the distinct
-- stream numbers of the log by a loose index scan.
with recursive present as (
  (select l.stream from prooftrail.log l order by l.stream limit 1)
  union all
  select (select l.stream from prooftrail.log l where l.stream > p.stream
           order by l.stream limit 1)
    from present p where p.stream is not null
), numbers as (
  select stream from present where stream is not null
  union select stream from prooftrail.head
  union select number from prooftrail.stream
)
select n.stream, s.name, uuid_send(s.stream_id), s.base, s.incarnation, s.keys,
       h.seq, h.leaf, h.recorded_us,
       (select max(l.seq) from prooftrail.log l where l.stream = n.stream)
  from numbers n
  left join prooftrail.stream s on s.number = n.stream
  left join prooftrail.head h on h.stream = n.stream
 order by n.stream
