-- A new session.
insert into prooftrail.session
  (token_hash, person, created_at, seen_at, idle_ends_at, expires_at)
values (%(token_hash)s, %(person)s, %(now)s, %(now)s, %(idle_ends_at)s, %(expires_at)s)
