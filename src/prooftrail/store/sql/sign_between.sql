-- The newest checkpoint of each size between two, the last %(rows)s sizes, in order.
select q.size, q.signed_us, q.note, q.peaks
  from (
    select distinct on (c.size) c.size, c.signed_us, c.note, c.peaks
      from prooftrail.checkpoint c
     where c.stream = %(stream)s and c.size > %(size)s and c.size < %(below)s
     order by c.size desc, c.signed_us desc
     limit %(rows)s
  ) q
 order by q.size;
