-- Where each stream that may be read ends: for whom sees a period only it is left open.
select g.stream, case when g.limited then {open}::bigint else coalesce(h.seq, -1) end
  from (
    select g.stream,
           g.from_us > -9223372036854775807 or g.to_us < 9223372036854775807 as limited
      from prooftrail.my_grant g
  ) g
  left join prooftrail.my_head h on h.stream = g.stream
