-- When detection was tested last by an event made for that.
select max(l.occurred_us)
  from prooftrail.log l
 where l.stream = {stream}::smallint and l.action = 'prooftrail.detection.test'
   and l.continues is null
