-- What a person logs in with.
select p.password_hash, p.totp, p.totp_step
  from prooftrail.person p
 where p.id = %(id)s
