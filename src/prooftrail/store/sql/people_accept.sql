-- What an invitation grants, to a new person or to one who sets both factors anew.
insert into prooftrail.person as p
  (email, name, role, password_hash, totp, totp_step, streams, from_us, to_us, expires_at)
select i.email, i.name, i.role, %(password_hash)s, %(totp)s, %(totp_step)s, i.streams,
       i.from_us, i.to_us, i.access_ends_at
  from prooftrail.invitation i
 where i.id = %(id)s
    on conflict (email) do update
   set name = excluded.name, role = excluded.role, password_hash = excluded.password_hash,
       totp = excluded.totp, totp_step = excluded.totp_step, streams = excluded.streams,
       from_us = excluded.from_us, to_us = excluded.to_us, expires_at = excluded.expires_at,
       disabled_at = null
returning p.id
