-- When it failed of late.
update prooftrail.throttle
   set times = %(times)s, seen_at = %(now)s
 where subject = %(subject)s
