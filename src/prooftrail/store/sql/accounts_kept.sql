-- What was done to accounts: of each the first and the newest event of a type.
select l.resource_id, l.action, min(l.occurred_us), max(l.occurred_us)
  from prooftrail.log l
 where l.continues is null and l.stream = any({streams}::smallint[])
   and l.action = any({actions}) and l.result = 'success' and l.resource_id is not null
 group by l.resource_id, l.action
 limit {most}
