-- Links that were not used open nothing any more.
update prooftrail.invitation
   set withdrawn_at = %(now)s
 where email = %(email)s and used_at is null and withdrawn_at is null
