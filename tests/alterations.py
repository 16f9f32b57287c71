"""What a superuser may alter of an installation, and how doctor must name it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

from tests.trail import now_us

MONTH = datetime.fromtimestamp(now_us() / 1e6, UTC).strftime("%Y%m")
PART = f"prooftrail_part.log_{MONTH}"


@dataclasses.dataclass
class Alteration:
    """What a superuser does, under which check doctor names it, and what it names."""

    sql: str
    check: str
    names: str

    def __str__(self) -> str:
        return self.sql.partition(";")[0]


LOG = "prooftrail.log"
ALTERATIONS = [
    Alteration(
        f"drop trigger link on {LOG}", "triggers", f"missing: trigger link on {LOG}"
    ),
    Alteration(
        f"alter table {LOG} disable trigger link", "triggers", "enabled DISABLED"
    ),
    Alteration(
        f"alter table {LOG} enable trigger refuse_statement",
        "triggers",
        f"changed: trigger refuse_statement on {LOG}: enabled ORIGIN",
    ),
    Alteration(
        f"alter table {PART} enable replica trigger refuse_direct",
        "triggers",
        f"changed: trigger refuse_direct on {PART}: enabled REPLICA",
    ),
    Alteration(
        f"alter table {PART} disable trigger refuse_row",
        "triggers",
        f"trigger refuse_row on {PART}",
    ),
    Alteration(
        f"drop trigger refuse_direct on {PART}", "triggers", f"refuse_direct on {PART}"
    ),
    Alteration(
        "alter table prooftrail.checkpoint disable trigger all",
        "triggers",
        "trigger of constraint checkpoint_stream_fkey on prooftrail.checkpoint",
    ),
    Alteration(
        "create trigger extra after insert on prooftrail.inbox"
        " execute function prooftrail.refuse()",
        "triggers",
        "unexpected: trigger extra on prooftrail.inbox",
    ),
    Alteration(
        "create rule swallow as on insert to prooftrail.inbox do instead nothing",
        "triggers",
        "unexpected: rule swallow on prooftrail.inbox",
    ),
    Alteration(
        f"drop policy granted on {LOG}",
        "row security",
        f"missing: policy granted on {LOG}",
    ),
    Alteration(
        f"alter policy granted on {LOG} using (true)", "row security", "using true"
    ),
    Alteration(
        f"alter policy whole on {LOG} to public",
        "row security",
        f"changed: policy whole on {LOG}: permissive select to public",
    ),
    Alteration(
        "alter policy unended on prooftrail.session using (true)",
        "row security",
        "changed: policy unended on prooftrail.session",
    ),
    Alteration(
        "drop policy open on prooftrail.invitation",
        "row security",
        "missing: policy open on prooftrail.invitation",
    ),
    Alteration(
        "grant select (password_hash) on prooftrail.person to prooftrail_reader",
        "grants",
        "unexpected: grant to prooftrail_reader on prooftrail.person.password_hash",
    ),
    Alteration(
        "revoke update (ended_at) on prooftrail.session from prooftrail_access",
        "grants",
        "missing: grant to prooftrail_access on prooftrail.session.ended_at: UPDATE",
    ),
    Alteration(
        f"alter table {LOG} no force row level security",
        "row security",
        f"changed: relation {LOG}: row security enabled, not row security enabled and",
    ),
    Alteration(
        f"alter table {PART} disable row level security",
        "row security",
        f"relation {PART}",
    ),
    Alteration(f"drop policy owner_dump on {PART}", "row security", f"on {PART}"),
    Alteration(
        f"alter table {LOG} drop constraint leaf_is_hash",
        "fingerprint",
        f"missing: constraint leaf_is_hash on {LOG}",
    ),
    Alteration(
        f"alter table {PART} drop constraint occurred_span",
        "partitions",
        f"missing: constraint occurred_span on {PART}",
    ),
    Alteration(
        f"alter table {PART} drop constraint span",
        "partitions",
        f"missing: constraint span on {PART}",
    ),
    Alteration(
        f"alter table {LOG} detach partition {PART}",
        "partitions",
        f"missing: partition {PART}: of {LOG} FOR VALUES FROM",
    ),
    Alteration(
        f"drop table {PART}",
        "partitions",
        "only one of log and subject has a partition",
    ),
    Alteration(
        f"create table public.beside (like {LOG} including constraints);"
        f" alter table {LOG} attach partition public.beside for values from (0) to (1)",
        "partitions",
        "unexpected: partition public.beside: of prooftrail.log",
    ),
    Alteration(
        f"grant delete on {LOG} to prooftrail_sealer",
        "grants",
        f"unexpected: grant to prooftrail_sealer on {LOG}: DELETE",
    ),
    Alteration(
        "grant select (event) on prooftrail.quarantine to prooftrail_verifier",
        "grants",
        "grant to prooftrail_verifier on prooftrail.quarantine.event: SELECT",
    ),
    Alteration(
        "revoke insert (event) on prooftrail.inbox from prooftrail_writer",
        "grants",
        "missing: grant to prooftrail_writer on prooftrail.inbox.event: INSERT",
    ),
    Alteration(
        "grant usage on schema prooftrail_part to public",
        "grants",
        "unexpected: grant to public on schema prooftrail_part: USAGE",
    ),
    Alteration(
        "grant execute on function prooftrail.ensure_partition(date) to public",
        "grants",
        "unexpected: grant to public on function prooftrail.ensure_partition(date)",
    ),
    Alteration(
        "alter default privileges for role prooftrail_owner grant select on tables to"
        " prooftrail_reader",
        "grants",
        "unexpected: default grant to prooftrail_reader by prooftrail_owner",
    ),
    Alteration(
        "create or replace function prooftrail.refuse() returns trigger"
        " language plpgsql set search_path = pg_catalog, pg_temp"
        " as 'begin return null; end'",
        "fingerprint",
        "changed: function prooftrail.refuse(): body sha256",
    ),
    Alteration(
        "create or replace function prooftrail.day_of(us bigint) returns integer"
        " language sql immutable return 1",
        "fingerprint",
        "changed: function prooftrail.day_of(bigint): body sha256",
    ),
    Alteration(
        "alter function prooftrail.link() reset search_path",
        "fingerprint",
        "function prooftrail.link()",
    ),
    Alteration(
        "create function prooftrail.own() returns int language sql return 1",
        "fingerprint",
        "unexpected: function prooftrail.own()",
    ),
    Alteration(
        "create or replace view prooftrail.my_grant as select 1::smallint as stream,"
        " 0::bigint as from_us, 9::bigint as to_us",
        "fingerprint",
        "changed: relation prooftrail.my_grant",
    ),
    Alteration(
        "alter view prooftrail.entry reset (security_invoker)",
        "fingerprint",
        "relation prooftrail.entry",
    ),
    Alteration(
        "drop index prooftrail.log_actor",
        "fingerprint",
        f"missing: index log_actor on {PART}",
    ),
    Alteration(
        "drop index prooftrail.log_time; create index log_time on prooftrail.log"
        " (stream, occurred_us, seq) include (action, role, result, pii)",
        "fingerprint",
        f"changed: index log_time on {LOG}",
    ),
    Alteration(
        f"alter table {LOG} add column note text",
        "fingerprint",
        f"unexpected: column {LOG}.note: text",
    ),
    Alteration(
        "alter table prooftrail.inbox alter login drop default",
        "fingerprint",
        "changed: column prooftrail.inbox.login",
    ),
    Alteration(
        "create table prooftrail.extra (id int)",
        "fingerprint",
        "unexpected: relation prooftrail.extra: table",
    ),
    Alteration(
        "alter table prooftrail.vault owner to current_user",
        "fingerprint",
        "changed: relation prooftrail.vault: owner",
    ),
    Alteration(
        "create domain prooftrail.odd as text",
        "fingerprint",
        "unexpected: type prooftrail.odd: in schema prooftrail",
    ),
    Alteration(
        "do $$ begin execute format('alter database %I set row_security = off',"
        " current_database()); end $$",
        "logins",
        "setting of every role in this database: row_security=off",
    ),
]
