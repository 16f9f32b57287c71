-- The triggers. All are ENABLE ALWAYS: a session_replication_role of replica does not
-- switch them off, and superusers run into them too.

create trigger link after insert on prooftrail.log
  referencing new table as fresh for each statement execute function prooftrail.link();

-- cloned to every partition
create trigger refuse_row before update or delete on prooftrail.log
  for each row execute function prooftrail.refuse();
create trigger refuse_statement before update or delete or truncate on prooftrail.log
  for each statement execute function prooftrail.refuse();
alter table prooftrail.log
  enable always trigger link,
  enable always trigger refuse_row,
  enable always trigger refuse_statement;

create trigger refuse_row before update or delete on prooftrail.subject
  for each row execute function prooftrail.refuse();
create trigger refuse_statement before update or delete or truncate on prooftrail.subject
  for each statement execute function prooftrail.refuse();
alter table prooftrail.subject
  enable always trigger refuse_row,
  enable always trigger refuse_statement;

-- after the insert: the row's own constraints hold by then
create trigger compare after insert on prooftrail.checkpoint
  for each row execute function prooftrail.compare();
create trigger refuse_statement before update or delete or truncate on prooftrail.checkpoint
  for each statement execute function prooftrail.refuse();
alter table prooftrail.checkpoint
  enable always trigger compare,
  enable always trigger refuse_statement;
