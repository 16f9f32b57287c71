-- Use a link: of two at once, the second one finds it used.
update prooftrail.invitation
   set used_at = %(now)s
 where id = %(id)s and used_at is null and withdrawn_at is null and expires_at > %(now)s
   and (access_ends_at is null or access_ends_at > %(now)s)
