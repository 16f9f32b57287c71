-- The session of a token, good or not.
select n.id, n.person, n.created_at, n.seen_at, n.idle_ends_at, n.expires_at, n.ended_at
  from prooftrail.session n
 where n.token_hash = %(token_hash)s
