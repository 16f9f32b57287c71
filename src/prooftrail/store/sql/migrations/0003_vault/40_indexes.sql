-- erasing counts a subject's values
create index vault_subject on prooftrail.vault (subject);
