-- Keep a row as it came; its digest is stated in the log.
insert into prooftrail.quarantine
  (stream, inbox_id, login, channel, received_at, reason, digest, event, envelope)
select %(stream)s, i.id, i.login, i.channel, i.received_at, %(reason)s,
       sha256(convert_to(i.event, 'UTF8')), i.event, i.envelope
  from prooftrail.inbox i
 where i.id = %(id)s;
