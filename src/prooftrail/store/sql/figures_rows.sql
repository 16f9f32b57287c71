-- What is counted of the events that answer a question; a statement that does not name
-- one of these does not make it.
select l.occurred_us / 3600000000 as hour, l.result, l.action, l.role, l.actor,
       l.resource_type, l.pii, l.ip, l.occurred_us, {authorization} as authority
  from prooftrail.log l
 where l.continues is null and {conditions}
