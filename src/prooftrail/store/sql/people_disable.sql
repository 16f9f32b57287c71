-- Let a person in no more.
update prooftrail.person
   set disabled_at = coalesce(disabled_at, %(now)s)
 where id = %(id)s
