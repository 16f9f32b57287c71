-- Its result.
update prooftrail.check_run
   set seen_at = clock_timestamp(), finished_at = clock_timestamp(), done = %(done)s,
       total = %(total)s, verdict = %(verdict)s, report = %(report)s
 where id = %(id)s and finished_at is null;
