"""Evidence of entries against a checkpoint: what holds, and how it is altered."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import entry, evidence, merkle, multiproof
from prooftrail.core.checkpoint import Checkpoint
from prooftrail.core.entry import Header
from prooftrail.core.evidence import Item
from prooftrail.core.multiproof import Node
from prooftrail.core.origin import Origin
from prooftrail.errors import FormatError
from prooftrail.integrity.evidence import Proof
from prooftrail.integrity.findings import MAX_KEPT, Kind, Weight
from prooftrail.integrity.verdict import Verdict, conclude
from tests.signing_rig import mth

if TYPE_CHECKING:
    from collections.abc import Sequence

STREAM_ID = bytes(range(16))
ORIGIN = Origin("audit.example.com", STREAM_ID, 1).text()


def chain(count: int, stream_id: bytes = STREAM_ID) -> list[Item]:
    prev, items = entry.genesis(stream_id), []
    for seq in range(count):
        salt, event = (
            sha256(b"%d" % seq).digest()[:16],
            b'{"n":%d,"t":"\xc3\xa9"}' % seq,
        )
        body = entry.body(salt, event)
        header = Header(0, stream_id, prev, seq, 1_000 * seq, body)
        items.append(Item(header, salt, event))
        prev = header.leaf()
    return items


ITEMS = chain(37)
LEAVES = [item.header.leaf() for item in ITEMS]
STATED = Checkpoint(ORIGIN, len(ITEMS), mth(LEAVES))
SEQS = [3, 4, 20, 36]
NODES = multiproof.build(
    SEQS, len(ITEMS), lambda lev, at: mth(LEAVES[at << lev : (at + 1) << lev])
)


def proof(
    items: Sequence[Item | bytes],
    nodes: Sequence[Node | bytes] = NODES,
    stated: Checkpoint = STATED,
) -> Proof:
    made = Proof("main")
    for item in items:
        made.add(item if isinstance(item, bytes) else evidence.encode_item(item))
    for node in nodes:
        made.add_node(node if isinstance(node, bytes) else evidence.encode_node(node))
    made.finish(stated)
    return made


def of(*seqs: int) -> list[Item]:
    return [ITEMS[seq] for seq in seqs]


def told(made: Proof) -> str:
    assert conclude(made.findings) is Verdict.TAMPERED
    return "; ".join(found.told for found in made.findings)


def test_what_was_signed_holds() -> None:
    made = proof(of(*SEQS))
    assert made.findings == []
    assert made.entries == 4


def test_an_edited_event_is_named() -> None:
    item = ITEMS[20]
    edited = item._replace(event=b'{"n":21}')
    made = proof([*of(3, 4), edited, ITEMS[36]])
    [found] = made.findings
    assert (found.kind, found.seq, found.recorded_us) == (Kind.EDITED, 20, 20_000)
    assert "not what the entry's header commits to" in told(made)


def test_an_edited_event_under_a_header_that_fits_it_leads_to_another_root() -> None:
    item = ITEMS[20]
    salt = item.salt or b""
    header = item.header._replace(body=entry.body(salt, b'{"n":21}'))
    forged = Item(header, salt, b'{"n":21}')
    made = proof([*of(3, 4), forged, ITEMS[36]])
    assert "do not lead to the root" in told(made)


@pytest.mark.parametrize(
    ("items", "what"),
    [
        (of(3, 4, 20), "has a node that is not needed|lacks the node"),
        (of(3, 4, 5, 20, 36), "not needed|lacks"),
        (of(3, 4, 36, 20), "out of order"),
        (of(3, 4, 20, 20, 36), "stands twice"),
        ([], "tree.jsonl has nodes"),
    ],
)
def test_an_entry_more_or_less_is_found(items: list[Item], what: str) -> None:
    made = proof(items)
    found = told(made)
    assert any(one in found for one in what.split("|"))


def test_an_entry_of_another_stream_is_found() -> None:
    other = chain(37, bytes(16))
    made = proof([*of(3, 4), other[20], ITEMS[36]])
    assert "entries of stream " + "00" * 16 in told(made)


def test_a_checkpoint_of_another_log_or_size_is_found() -> None:
    other = Checkpoint(
        Origin("audit.example.com", bytes(16), 1).text(), STATED.size, STATED.root
    )
    assert "stand under a checkpoint of" in told(proof(of(*SEQS), stated=other))
    assert "of no log" in told(
        proof(of(*SEQS), stated=Checkpoint("x", STATED.size, STATED.root))
    )
    less = Checkpoint(ORIGIN, 36, mth(LEAVES[:36]))
    assert "beyond a tree of 36 leaves" in told(proof(of(*SEQS), stated=less))
    more = Checkpoint(ORIGIN, 38, STATED.root)
    assert told(proof(of(*SEQS), stated=more))


def test_without_entries_there_is_nothing_to_prove() -> None:
    assert proof([], []).findings == []
    assert proof([], [], Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)).findings == []


def test_an_entry_without_its_event_is_in_the_log_and_no_more_is_known() -> None:
    withheld = ITEMS[20]._replace(event=None, salt=None)
    made = proof([*of(3, 4), withheld, ITEMS[36]])
    assert conclude(made.findings) is Verdict.INCOMPLETE
    assert "1 entries are here without their event" in made.findings[0].told
    # and a failure outranks that
    made = proof([ITEMS[3]._replace(event=b"{}"), ITEMS[4], withheld, ITEMS[36]])
    assert conclude(made.findings) is Verdict.TAMPERED


def test_lines_that_are_none_are_failures_and_named() -> None:
    made = proof([*of(3, 4), b"{}\n", *of(20, 36)])
    assert "evidence.jsonl, line 3: a line of evidence has just event" in told(made)
    made = proof(of(*SEQS), [b"\xff\n", *NODES])
    assert "tree.jsonl, line 1: a line of evidence is no JSON" in told(made)


def test_findings_without_number_are_counted() -> None:
    made = proof([b"x\n"] * (MAX_KEPT + 5), [])
    assert len(made.findings) == MAX_KEPT
    assert made.more == 5


FILES = [
    b"".join(map(evidence.encode_item, of(*SEQS))),
    b"".join(map(evidence.encode_node, NODES)),
]


def checked(files: list[bytes]) -> Proof:
    return proof(files[0].splitlines(keepends=True), files[1].splitlines(keepends=True))


@pytest.mark.parametrize("which", [0, 1])
def test_every_bit_of_both_files_counts(which: int) -> None:
    assert checked(FILES).findings == []
    for at in range(len(FILES[which])):
        for bit in range(8):
            files = [*FILES]
            data = bytearray(files[which])
            data[at] ^= 1 << bit
            files[which] = bytes(data)
            weights = {found.weight for found in checked(files).findings}
            assert Weight.FAILURE in weights, f"byte {at}, bit {bit}"


@given(st.binary(max_size=300))
def test_whatever_the_bytes_a_line_reads_or_is_refused(line: bytes) -> None:
    for parse in (evidence.parse_item, evidence.parse_node):
        with pytest.raises(FormatError):
            parse(line)


values_of: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=20),
    st.floats(allow_nan=False),
    st.just([]),
    st.just({"a": 1}),
)
_ITEM = ("event", "header", "salt", "seq", "stream")
_NODE = ("hash", "index", "level")


@given(
    st.fixed_dictionaries(dict.fromkeys(_ITEM, values_of))
    | st.fixed_dictionaries(dict.fromkeys(_NODE, values_of))
)
def test_whatever_the_values_a_line_reads_or_is_refused(values: dict[str, Any]) -> None:
    line = json.dumps(values, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    for parse in (evidence.parse_item, evidence.parse_node):
        with pytest.raises(FormatError):
            parse(line)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\u0041"'])
def test_an_event_is_spelled_one_way(text: bytes) -> None:
    line = evidence.encode_item(ITEMS[3])
    start, end = line.index(b'"{'), line.index(b',"header"')
    with pytest.raises(FormatError):
        evidence.parse_item(line[:start] + text + line[end:])


def test_an_event_that_is_no_text_cannot_be_shown() -> None:
    with pytest.raises(FormatError, match="entry 3 is no UTF-8"):
        evidence.encode_item(ITEMS[3]._replace(event=b"\xff"))
    with pytest.raises(FormatError, match=r"2\^53"):
        evidence.encode_item(
            ITEMS[3]._replace(header=ITEMS[3].header._replace(seq=2**53))
        )
    with pytest.raises(FormatError, match="most"):
        evidence.parse_item(b" " * (evidence.MAX_LINE_BYTES + 1))


@given(
    st.integers(0, 2**53 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.booleans(),
)
def test_items_come_back(seq: int, at: int, text: str, there: bool) -> None:  # noqa: FBT001
    header = Header(1, STREAM_ID, bytes(32), seq, at, bytes(32))
    item = Item(header, bytes(16) if there else None, text.encode() if there else None)
    assert evidence.parse_item(evidence.encode_item(item)) == item


@given(
    st.integers(0, 63), st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32)
)
def test_nodes_come_back(level: int, index: int, found: bytes) -> None:
    node = Node(level, index, found)
    assert evidence.parse_node(evidence.encode_node(node)) == node
