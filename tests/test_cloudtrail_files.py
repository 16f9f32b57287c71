"""CloudTrail: what a file may look like, and what may be wrong with it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from prooftrail.errors import ImportFileError
from prooftrail.importers import Problem, cloudtrail
from tests.test_cloudtrail_mapping import RECORD

if TYPE_CHECKING:
    from pathlib import Path


def outcomes(path: Path, data: bytes | str) -> list[Any]:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return [item.outcome for item in cloudtrail.read_events(path)]


def test_one_bad_record_does_not_stop_the_others(tmp_path: Path) -> None:
    good = json.dumps(RECORD)
    bad = [
        good.replace('"eventTime"', '"eventDay"'),
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "17, 18",
        '"19"',
        "[1]",
        '{"a": "\ud800"}'.encode("utf-8", "surrogatepass").decode("latin-1"),
        json.dumps(RECORD | {"more": nested(40)}),
        good[:-1] + ', "more": ' + "[" * 5_000 + "]" * 5_000 + "}",
        '{"a": "' + "x" * 1_100_000 + '"}',
    ]
    text = '{"Records": [' + ", ".join([good, *bad, good]) + "]}"
    found = outcomes(tmp_path / "x.json", text)
    assert [isinstance(outcome, Problem) for outcome in found] == (
        [False, *[True] * (len(bad) + 1), False]
    )
    reasons = [outcome.reason for outcome in found if isinstance(outcome, Problem)]
    for reason, words in zip(
        reasons,
        ("no eventTime", "twice", "NaN", "'17'", "'18'", "19", "object", "no eventID",
        "deeper",
         "deeper", "longer"),
        strict=True,
    ):  # fmt: skip
        assert words in reason


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_files_are_read_in_every_form_that_tools_write(tmp_path: Path) -> None:
    one, two = RECORD, RECORD | {"eventName": "Other"}
    expected = [cloudtrail.event_of(one), cloudtrail.event_of(two)]
    lines = json.dumps(one) + "\n\n" + json.dumps(two) + "\n"
    forms = [
        json.dumps({"Records": [one, two]}),
        json.dumps({"Records": [one, two]}, indent=2),
        json.dumps({"a": [1, {"Records": []}], "b": "Records", "Records": [one, two]}),
        json.dumps({"Records": [one, two], "more": {"Records": [1]}, "x": [2]}),
        json.dumps([one, two]),
        lines,
        lines.replace("\n", "\r\n"),
        json.dumps(one, indent=1) + json.dumps(two, indent=1),
        "\ufeff" + json.dumps({"Records": [one, two]}),
    ]
    for number, form in enumerate(forms):
        for data in (form.encode(), gzip.compress(form.encode())):
            assert outcomes(tmp_path / f"{number}.json", data) == expected


def test_a_file_without_records_has_none(tmp_path: Path) -> None:
    assert outcomes(tmp_path / "x", '{"Records": []}') == []
    assert outcomes(tmp_path / "x", "") == []
    (problem,) = outcomes(tmp_path / "x", '{"digestS3Bucket": "b"}')
    assert problem == Problem("no eventID")


def test_a_second_list_of_records_is_refused(tmp_path: Path) -> None:
    one = json.dumps(RECORD)
    found = outcomes(tmp_path / "x", f'{{"Records": [{one}], "Records": [{one}]}}')
    assert isinstance(found[0], dict)
    assert "twice" in found[1].reason
    assert len(found) == 2


def test_a_file_that_is_cut_off_gives_what_it_has(tmp_path: Path) -> None:
    many = json.dumps({"Records": [RECORD] * 2_000}).encode()
    for data in (many[:-900], gzip.compress(many)[:-40]):
        found = outcomes(tmp_path / "x", data)
        assert len(found) > 1_000
        assert isinstance(found[-1], Problem)
        assert all(isinstance(outcome, dict) for outcome in found[:-1])


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"hello", b"\x1f\x8bnot gzip"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ImportFileError, match=r"x\.json"):
        outcomes(tmp_path / "x.json", data)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=r"gone\.json"):
        list(cloudtrail.read_events(tmp_path / "gone.json"))
