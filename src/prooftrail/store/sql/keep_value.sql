-- One value, its stream, its subject's key and its event as it stands in the log.
select s.number, uuid_send(s.stream_id), v.class, v.subject, v.sealed, k.wrapped,
       prooftrail.held(s.number, v.event_id)
  from prooftrail.stream s
  join prooftrail.vault v on v.stream = s.number
  left join prooftrail.subject_key k on k.subject = v.subject
 where s.name = %(stream)s and v.event_id = %(id)s and v.pointer = %(pointer)s;
