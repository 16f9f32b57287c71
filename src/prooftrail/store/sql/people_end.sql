-- End a session, or all of a person; those that have ended stay as they were.
update prooftrail.session
   set ended_at = %(now)s
 where (id = %(id)s or person = %(person)s) and ended_at is null
