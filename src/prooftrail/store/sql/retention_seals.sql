-- The events that may state that one of these months is sealed; who wrote them is in each.
select seq, recorded_us, event
  from prooftrail.log
 where stream = %(stream)s and action = 'audit.retention.archive' and result = 'success'
   and resource_type = 'period' and resource_id = any(%(periods)s::text[])
   and continues is null and event is not null
 order by seq
