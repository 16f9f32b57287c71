-- Which events answer a question: of a page keys only, so that an index alone gives them.
select {columns}
  from prooftrail.log l
 where l.continues is null and {conditions}
