-- What is counted of the events that answer a question.
select l.occurred_us / 3600000000 as hour, l.result, l.action, l.role, l.actor,
       l.resource_type, l.pii
  from prooftrail.log l
 where l.continues is null and {conditions}
