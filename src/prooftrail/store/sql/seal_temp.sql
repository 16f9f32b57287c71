-- The sealer's landing place: COPY FROM is refused under row-level security, so rows are
-- copied here in binary and inserted from here in one statement.
create temp table incoming (like prooftrail.log) on commit delete rows;
create temp table incoming_subject (like prooftrail.subject) on commit delete rows;
