-- Its process is there, and has come so far.
update prooftrail.check_run
   set seen_at = clock_timestamp(), done = %(done)s, total = %(total)s
 where id = %(id)s and finished_at is null;
