-- When logging in failed of late; locked, so that attempts at once count one after another.
select t.times
  from prooftrail.throttle t
 where t.subject = %(subject)s
   for update
