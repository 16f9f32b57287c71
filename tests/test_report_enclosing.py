"""What a report encloses is what it prints."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.reports.enclosing import Data, Draft, enclosing
from prooftrail.reports.typesetting import Attachment
from tests.reported import report

NOTE = Attachment("checkpoint.txt", b"a note\n", "text/plain", "The checkpoint.")
texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


def draft(names: list[str]) -> Draft:
    rows = [(seq, name, seq % 2 == 0, None) for seq, name in enumerate(names, 1)]
    data = Data(("seq", "name", "even", "nothing"), rows)
    return Draft(report(names), data, {"query": "pii:yes"}, 0, [NOTE])


@given(st.lists(texts, max_size=7), st.integers(1, 4))
def test_each_row_is_enclosed_once_in_order(names: list[str], most: int) -> None:
    made = list(enclosing(draft(names), most))
    files = [{one.name: one.content for one in several} for _, several in made]
    lines = list(chain(*(one["rows.jsonl"].decode().split("\n")[:-1] for one in files)))
    assert [json.loads(line)["name"] for line in lines] == names
    rows = [
        row
        for one in files
        for row in list(csv.reader(io.StringIO(one["rows.csv"].decode(), newline="")))[
            1:
        ]
    ]
    assert [row[0] for row in rows] == [str(n) for n in range(1, len(names) + 1)]
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row
    )
    whole = sha256(b"".join(one["rows.jsonl"] for one in files)).hexdigest()
    for (told, several), one in zip(made, files, strict=True):
        run = json.loads(one["run.json"])
        assert run["files"] == {
            file.name: sha256(file.content).hexdigest()
            for file in several
            if file.name != "run.json"
        }
        assert run["rows"] == {"all": len(names), "sha256": whole}
        assert run["parameters"] == {"query": "pii:yes"}
        assert run["run"]["report"] == "field 1"
        assert run["files"]["rows.csv"] in told.run.files
        assert (whole in told.run.files) == (
            len(made) > 1 or whole == run["files"]["rows.jsonl"]
        )
        assert told.listing is not None
        assert [row[2] for row in told.listing.rows] == [
            json.loads(line)["name"]
            for line in one["rows.jsonl"].decode().split("\n")[:-1]
        ]


def test_a_row_that_is_not_enclosed_is_a_defect() -> None:
    one = draft(["a", "b"])
    with pytest.raises(ValueError, match="2 rows printed, 1 enclosed"):
        list(enclosing(one._replace(data=Data(one.data.columns, one.data.rows[:1]))))


def test_the_same_draft_gives_the_same_files() -> None:
    assert list(enclosing(draft(["a"]))) == list(enclosing(draft(["a"])))
