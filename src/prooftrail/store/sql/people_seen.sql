-- A session is used: it idles from now on.
update prooftrail.session
   set seen_at = %(now)s, idle_ends_at = %(idle_ends_at)s
 where id = %(id)s and ended_at is null
