-- Whether an INSERT into the inbox could begin: takes the lock that it takes, and its
-- rights, and writes nothing.
explain insert into prooftrail.inbox (stream, event) values ('', '');
