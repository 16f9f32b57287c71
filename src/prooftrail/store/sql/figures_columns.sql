-- What is counted of an event that answers a question, after its key. A statement that does
-- not name one of these does not read it.
l.stream, l.seq, l.occurred_us, l.occurred_us / 3600000000 as hour, l.result, l.action,
l.role, l.actor, l.resource_type, l.pii, l.ip, l.authority
