-- The keyed index: where an exact value stands, for whoever holds the keeper's key. A digest
-- is an HMAC of class and normalised value, and goes when its subject's key goes.

create table prooftrail.exact (
  digest bytea not null,
  stream smallint not null,
  event_id uuid not null,
  pointer text collate "C" not null,
  subject text collate "C" not null,
  primary key (digest, stream, event_id, pointer),
  constraint digest_is_sha256 check (octet_length(digest) = 32)
);

create index exact_subject on prooftrail.exact (subject);

grant select, insert, delete on prooftrail.exact to {keeper};
