-- A new link.
insert into prooftrail.invitation
  (token_hash, email, name, role, streams, from_us, to_us, access_ends_at, expires_at)
values (%(token_hash)s, %(email)s, %(name)s, %(role)s, %(streams)s, %(from_us)s, %(to_us)s,
        %(access_ends_at)s, %(expires_at)s)
