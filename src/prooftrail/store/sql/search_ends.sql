-- Where each stream ends for the asker. Whoever sees a period only may not know the head:
-- he gets the newest seq of his own, from the indexes of events and of continuations.
-- `+ 0` keeps the planner from walking the primary key backward, which lacks the event time:
-- it would fetch every entry that he may not see.
select h.stream, h.seq
  from prooftrail.my_head h
 where h.seq >= 0 and ({stream}::smallint is null or h.stream = {stream})
union all
select g.stream, greatest(e.seq, c.seq)
  from prooftrail.my_grant g
 cross join lateral (
    select max(l.seq + 0) as seq from prooftrail.log l
     where l.stream = g.stream and l.continues is null
  ) e
 cross join lateral (
    select max(l.seq + 0) as seq from prooftrail.log l
     where l.stream = g.stream and l.continues is not null
  ) c
 where not (g.from_us <= -9223372036854775807 and g.to_us = 9223372036854775807)
   and ({stream}::smallint is null or g.stream = {stream})
   and (e.seq is not null or c.seq is not null)
