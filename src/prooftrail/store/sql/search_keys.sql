-- Which events answer a question: keys only, so that an index alone can give them.
select l.stream, l.seq, l.occurred_us
  from prooftrail.log l
 where l.continues is null and {conditions}
