"""JSON lines in Prooftrail's own format: places, limits, exports, fuzz."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.core import events, jcs
from prooftrail.errors import ImportFileError
from prooftrail.importers import Problem, jsonl

if TYPE_CHECKING:
    from pathlib import Path

EVENT: dict[str, Any] = {
    "eventId": "0b8e7c62-6d6f-4c0e-9a55-3f1c2d4b5a69",
    "timestamp": "2026-02-17T14:23:01.445Z",
    "actor": {"userId": "usr_a1b2c3", "email": "dani@company.com"},
    "action": "customer.pii.export",
    "resource": {"type": "customer", "id": "cust_x7y8z9"},
    "details": {"record_count": 1},
    "result": "success",
}
LINE = json.dumps(EVENT).encode()


def read(data: bytes) -> list[tuple[int, Any]]:
    return list(jsonl.read_events(io.BytesIO(data)))


def reasons(data: bytes) -> list[tuple[int, str]]:
    return [
        (number, outcome.reason)
        for number, outcome in read(data)
        if isinstance(outcome, Problem)
    ]


def test_each_line_is_an_event() -> None:
    assert read(LINE + b"\n" + LINE + b"\n") == [(1, EVENT), (2, EVENT)]


def test_blank_lines_a_byte_order_mark_and_crlf_are_tolerated() -> None:
    data = b"\xef\xbb\xbf" + LINE + b"\r\n\r\n  \n\t\n" + LINE
    assert read(data) == [(1, EVENT), (5, EVENT)]
    assert read(b"") == read(b"\n\n") == read(b"\xef\xbb\xbf\n") == []


def test_a_mark_further_on_is_bad_json() -> None:
    assert [number for number, _ in reasons(LINE + b"\n\xef\xbb\xbf" + LINE)] == [2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"a": 1 1}', "column 9"),
        (b'{"a": "\xc3\xa9", "b": "\xff"}', "column 18 (byte 19)"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[1]", "one JSON object"),
        (b"17", "one JSON object"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "deeper than 32"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deeper than 32"),
        (b'{"a": "\x00"}', "column 8"),
        (b"\xff\xfe{\x00}\x00", "column 1 (byte 1)"),
    ],
)
def test_a_bad_line_says_what_and_where_and_the_next_one_is_read(
    line: bytes, words: str
) -> None:
    found = read(line + b"\n" + LINE)
    assert found[1:] == [(2, EVENT)]
    number, problem = found[0]
    assert number == 1
    assert isinstance(problem, Problem)
    assert words in problem.reason


class Counting(io.BytesIO):
    """Remembers the most that one call returned."""

    most = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        found = super().readline(-1 if size is None else size)
        self.most = max(self.most, len(found))
        return found


def test_a_line_that_is_too_long_is_refused_without_being_loaded() -> None:
    long = b'{"a": "' + b"x" * (5 * jsonl.MAX_LINE) + b'"}'
    stream = Counting(LINE + b"\n" + long + b"\n" + LINE + b"\n" + long)
    found = list(jsonl.read_events(stream))
    assert [number for number, _ in found] == [1, 2, 3, 4]
    assert [isinstance(outcome, Problem) for _, outcome in found] == [
        False, True, False, True,
    ]  # fmt: skip
    assert stream.most <= jsonl.MAX_LINE


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_limit_is_exact(end: bytes, over: int) -> None:
    size = jsonl.MAX_LINE + over
    line = b'{"a": "' + b"x" * (size - 9) + b'"}'
    found = read(line + end + LINE) if end else read(line)
    assert isinstance(found[0][1], Problem) == (over > 0)
    assert found[1:] == ([(2, EVENT)] if end else [])


def test_numbers_keep_their_spelling() -> None:
    line = b'{"details": {"amount": 12.50, "big": 12345678901234567890}}'
    assert read(line) == [
        (1, {"details": {"amount": {"$number": "12.50"},
                         "big": {"$number": "12345678901234567890"}}}),
    ]  # fmt: skip


def test_what_another_trail_said_moves_to_the_details() -> None:
    claims = {
        "seq": 7, "recordedAt": "2026-02-17T14:23:02Z", "checksum": "sha256:ab",
        "previousChecksum": "sha256:cd", "$source": {"login": "app"},
    }  # fmt: skip
    ((_, event),) = read(json.dumps(EVENT | claims).encode())
    assert event == EVENT | {
        "details": {
            "record_count": 1,
            "importedFrom": {
                "seq": 7, "recordedAt": "2026-02-17T14:23:02Z",
                "checksum": "sha256:ab", "previousChecksum": "sha256:cd",
                "source": {"login": "app"},
            },
        }
    }  # fmt: skip
    events.check(jcs.canonical(event), event, now_us=1_800_000_000_000_000)
    ((_, again),) = read(json.dumps(event | {"seq": 9}).encode())
    assert again["details"]["importedFrom"] == {
        "seq": 9, "importedFrom": event["details"]["importedFrom"],
    }  # fmt: skip


def test_an_exported_event_without_details_gets_some() -> None:
    ((_, event),) = read(b'{"action": "a.b", "seq": 1}')
    assert event == {"action": "a.b", "details": {"importedFrom": {"seq": 1}}}


def test_details_that_are_no_object_are_left_to_the_check() -> None:
    assert read(b'{"details": 5, "seq": 1}') == [(1, {"details": 5, "seq": 1})]


def test_a_file_is_read_with_its_places(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(LINE + b"\nno\n")
    one, two = jsonl.read_file(path)
    assert one.outcome == EVENT
    assert two.where == f"{path}, line 2"
    assert isinstance(two.outcome, Problem)
    with pytest.raises(ImportFileError, match="gone"):
        list(jsonl.read_file(tmp_path / "gone"))


@given(st.binary(max_size=200))
def test_any_bytes_give_one_outcome_a_line(data: bytes) -> None:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    expected = [number for number, line in enumerate(lines, 1) if line.strip()]
    assert [number for number, _ in read(data)] == expected


@given(
    st.lists(
        st.sampled_from(
            ['{"a": ', '"seq": ', "1", "1.5", ", ", "}", "[", "]", '"\\ud800"', "null",
             '"details": ', "{", "-0", "1e400", '"$source": ', "\n"]
        ),
        max_size=15,
    ).map("".join)
)  # fmt: skip
def test_any_json_like_line_gives_an_event_or_a_problem(text: str) -> None:
    for _, outcome in read(text.encode()):
        assert isinstance(outcome, dict | Problem)


@given(
    st.dictionaries(
        # seq and its like are the trail's: they move, as the tests above say
        st.text(max_size=6).filter(lambda key: key != "seq"),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**53) + 1, 2**53 - 1)
            | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=6,
        ),
    )
)
def test_what_is_written_is_read(event: dict[str, Any]) -> None:
    assert read(json.dumps(event).encode()) == [(1, event)]
