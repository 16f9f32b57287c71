"""The rows of a report, proven by what it encloses: of a real, signed log."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail import bundles
from prooftrail.core import evidence
from prooftrail.errors import ConfigurationError
from prooftrail.integrity.verdict import Verdict
from prooftrail.reports import proving, signing, verifying
from prooftrail.reports.enclosing import Data, Draft, enclosing
from prooftrail.reports.typesetting import Attachment, set_one, shown
from prooftrail.signing.keys import SigningKeys
from prooftrail.store import connect
from tests.reported import report
from tests.signed_report import AT_US, key, own, told
from tests.signing_rig import MASTER, rigs, unguarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prooftrail.bundles.checking import Checked
    from prooftrail.reports.document import Report
    from prooftrail.signing.report_key import ReportKey
    from prooftrail.store.connect import Connection
    from tests.signing_rig import Rig
    from tests.trail import Trail

__all__ = ["own"]  # a fixture

SIZE = 41  # thirty-nine events, and what the trail says of its beginning
Row = tuple[str, int, str]


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    for made in rigs(trail, tmp_path):
        made.seal(40)
        made.signer(made.anchor()).once()
        made.close()
        yield made


def login(rig: Rig) -> Callable[[], Connection]:
    return lambda: connect.connect("verifier", dsn=rig.trail.dsn, autocommit=True)


def rows(*seqs: int, stream: str = "main") -> list[Row]:
    return [(stream, seq, "customer.update") for seq in seqs]


def draft(rig: Rig, those: Sequence[Row], streams: Sequence[str] = ("main",)) -> Draft:
    notes = "".join(rig.checkpoints(stream)[-1][1] for stream in streams)
    note = Attachment(bundles.CHECKPOINT, notes.encode(), "text/plain", "Signed.")
    data = Data(("stream", "seq", "action"), list(those))
    names = [f"row {seq}" for _, seq, _ in those]
    return Draft(report(names), data, {"report": "a test"}, AT_US, [note])


def volumes(
    rig: Rig, made: Draft, most: int = 1_000
) -> list[tuple[Report, dict[str, bytes]]]:
    return [
        (one, {file.name: file.content for file in files})
        for one, files in enclosing(proving.proven(made, login(rig), most), most)
    ]


def checked(
    rig: Rig, files: dict[str, bytes], own: ReportKey, by: ReportKey | None = None
) -> Checked:
    """Enclose files as they are, named by run.json as they are; sign; check."""
    run = json.loads(files["run.json"])
    run["files"] = {
        name: sha256(data).hexdigest()
        for name, data in files.items()
        if name != "run.json"
    }
    every = {**files, "run.json": json.dumps(run).encode()}
    pdf = set_one(
        shown(report()),
        [Attachment(name, data, "text/plain", name) for name, data in every.items()],
        AT_US,
    )
    keys = [
        one
        for stream in rig.trail.made.values()
        for one in SigningKeys(MASTER, stream.origin).verification_keys
    ]
    signed = signing.sign(pdf, by or own, AT_US)
    return verifying.check("a.pdf", signed, keys, own.certificate)


def test_rows_are_proven_and_nothing_of_their_events_is_enclosed(
    rig: Rig, own: ReportKey
) -> None:
    [(made, files)] = volumes(rig, draft(rig, rows(40, 3, 7)))
    found = checked(rig, files, own)
    assert (found.verdict, told(found)) == (Verdict.VERIFIED, "")
    assert (found.entries, found.first, found.last) == (3, 3, 40)
    assert any("without their event" in note for note in found.notes)
    items = [
        evidence.parse_item(line)
        for line in files[bundles.EVIDENCE].splitlines(keepends=True)
    ]
    assert [(one.salt, one.event) for one in items] == [(None, None)] * 3
    assert b"customer" not in files[bundles.EVIDENCE] + files[bundles.TREE]
    assert made.run.accuracy == (
        "main: the entries of 3 rows were hashed again (body of salt and event, leaf"
        " of header) and traced to the checkpoint of 41 entries"
    )
    assert json.loads(files["run.json"])["logs"] == {
        "main": rig.stream().origin,
    }
    assert made.answer == report().answer


def test_each_volume_is_proven_by_itself(rig: Rig, own: ReportKey) -> None:
    several = volumes(rig, draft(rig, rows(*range(30, 2, -1))), most=10)
    assert len(several) == 3
    for (_, files), (first, last) in zip(
        several, [(21, 30), (11, 20), (3, 10)], strict=True
    ):
        found = checked(rig, files, own)
        assert (found.verdict, told(found)) == (Verdict.VERIFIED, "")
        assert (found.first, found.last) == (first, last)


def test_rows_of_several_streams_are_proven_in_the_stream_they_name(
    rig: Rig, own: ReportKey
) -> None:
    rig.trail.stream("side")
    rig.seal(12, "side")
    rig.signer(rig.anchor()).once()
    those = [*rows(3, 9), *rows(2, 3, stream="side")]
    [(made, files)] = volumes(rig, draft(rig, those, ("main", "side")))
    place = rig.stream("side").stream_id.hex() + "-1"
    assert f"evidence-{place}.jsonl" in files
    found = checked(rig, files, own)
    assert (found.verdict, told(found)) == (Verdict.VERIFIED, "")
    assert "side: the entries of 2 rows" in made.run.accuracy
    lines = [json.loads(line) for line in files["rows.jsonl"].splitlines()]
    lines[0]["stream"], lines[1]["stream"] = "side", "side"
    found = checked(rig, {**files, "rows.jsonl": jsonl(lines)}, own)
    assert found.verdict is Verdict.TAMPERED
    assert "line 2: of no entry that is proven" in told(found)
    assert "entries are proven that no row is of" in told(found)


def jsonl(lines: Sequence[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def test_what_is_altered_is_found_whoever_signs_again(
    rig: Rig, own: ReportKey, tmp_path: Path
) -> None:
    [(_, files)] = volumes(rig, draft(rig, rows(3, 7, 20)))
    lines = [json.loads(line) for line in files["rows.jsonl"].splitlines()]
    other = jsonl([{**lines[0], "seq": 4}, *lines[1:]])
    thief = key(tmp_path / "thief.pem", seed=7, name="Example")
    found = checked(rig, {**files, "rows.jsonl": other}, own, by=thief)
    assert found.verdict is Verdict.TAMPERED
    assert "not signed by the certificate that was given" in told(found)
    found = checked(rig, {**files, "rows.jsonl": other}, own)
    assert "line 1: of no entry that is proven" in told(found)
    found = checked(rig, {**files, "rows.jsonl": jsonl(lines[1:])}, own)
    assert "1 entries are proven that no row is of" in told(found)
    proof = files[bundles.EVIDENCE].splitlines(keepends=True)
    item = evidence.parse_item(proof[1])
    for name, content in (
        (bundles.EVIDENCE, b"".join([proof[0], edited(item), proof[2]])),
        (bundles.EVIDENCE, b"".join(proof[:2])),
        (bundles.TREE, node(files[bundles.TREE])),
        (bundles.TREE, b"".join(files[bundles.TREE].splitlines(keepends=True)[1:])),
    ):
        found = checked(rig, {**files, name: content}, own)
        assert found.verdict is Verdict.TAMPERED, name
        assert "do not" in told(found)


def edited(item: evidence.Item) -> bytes:
    header = item.header
    body = bytes([header.body[0] ^ 1]) + header.body[1:]
    return evidence.encode_item(item._replace(header=header._replace(body=body)))


def node(tree: bytes) -> bytes:
    first, *others = tree.splitlines(keepends=True)
    one = evidence.parse_node(first)
    one = one._replace(hash=bytes([one.hash[0] ^ 1]) + one.hash[1:])
    return b"".join([evidence.encode_node(one), *others])


def test_what_is_newer_than_the_checkpoint_is_counted_and_not_proven(
    rig: Rig, own: ReportKey
) -> None:
    before = draft(rig, rows(3, 40, 41, 42))
    rig.seal(5)
    [(made, files)] = volumes(rig, before)
    assert "2 rows newer than it and NOT proven" in made.run.accuracy
    found = checked(rig, files, own)
    assert found.verdict is Verdict.INCOMPLETE
    assert "2 rows are of entries that no enclosed checkpoint covers" in told(found)


def test_without_the_verifiers_login_the_report_says_so(
    rig: Rig, own: ReportKey
) -> None:
    def refused() -> Connection:
        raise ConfigurationError("no database is named")

    made = proving.proven(draft(rig, rows(3)), refused)
    run = made.report.run
    assert "no login of the verifier here" in run.accuracy
    assert "no login of the verifier here" in run.completeness
    assert "no login of the verifier here" in run.limitations[-1]
    [(_, several)] = enclosing(made)
    files = {one.name: one.content for one in several}
    assert bundles.EVIDENCE not in files
    found = checked(rig, files, own)
    assert any("checkpoints alone" in note for note in found.notes)
    unsigned = draft(rig, rows(3))._replace(enclosed=[])
    made = proving.proven(unsigned, login(rig))
    assert "no checkpoint was signed yet" in made.report.run.accuracy


@pytest.mark.parametrize(
    ("statement", "words", "verdict"),
    [
        (
            "update prooftrail.log set event = convert_to('{}', 'UTF8') where seq = 7",
            "1 event NOT what was hashed",
            Verdict.VERIFIED,  # its header is the one that was signed
        ),
        (
            "update prooftrail.log set recorded_us = recorded_us + 1 where seq = 7",
            "do NOT lead to the signed root",
            Verdict.TAMPERED,
        ),
        (
            "delete from prooftrail.log where seq = 7",
            "40 leaves went by, not 41",
            Verdict.VERIFIED,  # of checkpoints alone
        ),
    ],
)
def test_an_altered_log_is_told_on_page_one_and_found_offline(
    rig: Rig, own: ReportKey, statement: str, words: str, verdict: Verdict
) -> None:
    with unguarded(rig.trail) as superuser:
        for name in ("leaf_is_hash", "body_is_hash"):
            superuser.execute(f"alter table prooftrail.log drop constraint {name}")
        superuser.execute(statement)
    [(made, files)] = volumes(rig, draft(rig, rows(3, 7)))
    assert words in made.run.accuracy
    assert made.answer.tone == "attention"
    assert made.answer.sentences[0].startswith("The log was altered. main: ")
    assert checked(rig, files, own).verdict is verdict


def test_reports_of_other_rows_are_as_they_were(rig: Rig) -> None:
    made = draft(rig, rows(3))
    other = made._replace(data=Data(("stream", "firstSeq", "n"), made.data.rows))
    assert proving.proven(other, login(rig)) is other
