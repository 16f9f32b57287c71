-- Each stream's head beside its newest checkpoint: (name, entries, size, signed).
select s.name, h.seq + 1, c.size, c.signed_us
  from prooftrail.stream s
  left join prooftrail.head h on h.stream = s.number
  left join lateral (
    select k.size, k.signed_us
      from prooftrail.checkpoint k
     where k.stream = s.number
     order by k.size desc, k.signed_us desc
     limit 1
  ) c on true
 order by s.number;
