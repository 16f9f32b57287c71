-- A subject's key and what could be looked up of him, gone. His values stay and nobody
-- can open them.
with looked_up as (
  delete from prooftrail.exact where subject = %(subject)s returning 1
), keys as (
  delete from prooftrail.subject_key where subject = %(subject)s returning 1
)
select (select count(*) from keys), (select count(*) from looked_up),
       (select count(*) from prooftrail.vault where subject = %(subject)s);
