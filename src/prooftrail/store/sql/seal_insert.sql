-- One statement for the batch: the trigger sees it whole.
insert into prooftrail.log
select * from incoming order by stream, seq;
