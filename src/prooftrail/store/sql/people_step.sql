-- Accept a code: each time step once, and none before it.
update prooftrail.person
   set totp_step = %(step)s
 where id = %(id)s and totp_step < %(step)s and disabled_at is null
