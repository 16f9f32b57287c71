"""A report as PDF: its standard, its bytes, its letters, and what is inert in it."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import Any

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prooftrail.errors import ReportError
from prooftrail.reports import document, typesetting
from prooftrail.reports.lettering import LONGEST, has, lettered
from prooftrail.reports.typesetting import Attachment, typeset
from tests import fonts_reference
from tests.reported import report

AT = 1_795_000_000_000_000
ROWS = Attachment("rows.csv", b"a,b\r\n1,2\r\n", "text/csv", "The rows.")
HOSTILE = (
    '#panic() #read("/etc/passwd") #strong[x]',
    "$a^2$ `raw` *b* _i_ <label> @ref = Heading",
    '=HYPERLINK("http://example.com")',
    "a\x1b[2Jb\u202egnp.exe\x00\r\n\tc",
    "\\u{41} \\ // comment /* open",
    "</script><b>bold</b>",
    "張偉 財務部 田中さん 김철수",
    "👩\u200d💻 🔐 ❤\ufe0f",
    "מנהל מערכת مدير النظام",
    "अदिति ผู้ดูแล Ωμέγα Привет",
    "\U00013080 \ue000 \ufffd",
    "n" * 5_000,
    "a\u0301\u0302 e\u0301",
)


def test_what_people_write_is_shown_and_does_nothing() -> None:
    [pdf] = typeset([(report(HOSTILE), [])], AT)
    shown = "".join(page.extract_text() for page in reader(pdf).pages)
    flat = re.sub(r"\s", "", shown)
    for text in (HOSTILE[0], HOSTILE[1], HOSTILE[2], HOSTILE[4], HOSTILE[5]):
        assert re.sub(r"\s", "", text) in flat
    assert r"a\x1b[2Jb\u202egnp.exe\x00\r" in flat
    assert "[U+13080][U+E000]" in flat.replace("\\ue000", "[U+E000]")
    assert "(5,000characters)" in flat
    assert "張偉財務部" in unicodedata.normalize("NFKC", flat)
    assert "김철수" in unicodedata.normalize("NFC", flat)


def test_where_a_long_word_breaks_nothing_is_copied() -> None:
    address = "dani.pereira-de-la-fuente@a-corporation-of-a-long-name.example"
    [pdf] = typeset([(report([address]), [])], AT)
    shown = "".join(page.extract_text() for page in reader(pdf).pages)
    assert "\u200b" not in shown
    assert address in re.sub(r"\s", "", shown)


def test_the_same_report_is_the_same_bytes() -> None:
    one = report(HOSTILE)
    [first] = typeset([(one, [ROWS])], AT)
    [again] = typeset([(one, [ROWS])], AT)
    [later] = typeset([(one, [ROWS])], AT + 1_000_000)
    assert first == again
    assert first != later


def test_what_is_enclosed_is_no_source() -> None:
    """Under whichever name, it is neither parsed nor taken for a template."""
    names = ("main.typ", "report.typ", "tables.typ", "report")
    files = [
        Attachment(name, f"#panic() [[[ $ {name}\r\n".encode(), "text/plain", name)
        for name in names
    ]
    [pdf] = typeset([(report(), files)], AT)
    told = reader(pdf)
    assert told.attachments == {one.name: [one.content] for one in files}
    assert "Known limitations" in "".join(page.extract_text() for page in told.pages)


def test_it_is_an_archive_for_everybody() -> None:
    [pdf] = typeset([(report(), [ROWS])], AT)
    told = reader(pdf)
    catalog: Any = told.root_object
    metadata = catalog["/Metadata"].get_data().decode()
    assert value(metadata, "pdfaid:part") == "3"
    assert value(metadata, "pdfaid:conformance") == "A"
    assert value(metadata, "pdfuaid:part") == "1"
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert told.attachments == {"rows.csv": [ROWS.content]}
    pages: Any = told.pages
    names = {
        str(font["/BaseFont"])
        for page in pages
        for font in (one.get_object() for one in page["/Resources"]["/Font"].values())
    }
    assert names
    assert all(re.match(r"/[A-Z]{6}\+(IBMPlex|Noto|Droid)", name) for name in names)


def test_every_chart_is_told_in_words() -> None:
    [pdf] = typeset([(report(), [])], AT)
    told = {str(found) for found in alternatives(reader(pdf).root_object)}
    for words in ("Two days, one of which is broken.", "Two bars.", "One.", "Sunday."):
        assert words in told


@pytest.mark.parametrize("count", [0, 1, 5])
def test_rows_beyond_a_volume_are_in_the_next_one(count: int) -> None:
    one = report(f"name{n}" for n in range(count))
    parts = list(document.volumes(one, 2))
    pdfs = list(typeset([(part, [ROWS]) for part in parts], AT))
    assert len(pdfs) == max(1, -(-count // 2))
    for number, pdf in enumerate(pdfs, 1):
        text = "".join(page.extract_text() for page in reader(pdf).pages)
        here = {n for n in range(count) if f"name{n}" in text}
        assert here == set(range(2 * number - 2, min(2 * number, count)))
        assert (f"volume {number} of {len(pdfs)}" in text) == (count > 2)
        assert ("Known limitations" in text) == (number == 1)


def test_a_report_has_all_fields_by_which_it_is_tested() -> None:
    assert [number for number, *_ in document.FIELDS] == [str(n) for n in range(1, 15)]
    named = {field for *_, field in document.FIELDS}
    assert named == set(document.Run.__struct_fields__) - {"limitations"}
    [pdf] = typeset([(report(), [])], AT)
    text = "".join(page.extract_text() for page in reader(pdf).pages)
    for number, name, _ in document.FIELDS:
        assert re.search(rf"{number}\s*{name}\s*field {number}\b", text)


def test_what_cannot_be_set_is_told() -> None:
    with pytest.raises(ReportError, match="a defect, report it"):
        typesetting.set_one(b"{}", [], AT)


@given(st.text())
def test_every_character_that_is_set_is_in_a_font(text: str) -> None:
    for character in lettered(text):
        assert character in "\n\u200b" or has(ord(character)), character


@given(st.text(min_size=1))
def test_texts_that_differ_look_different(text: str) -> None:
    """Escapes aside, and what only chooses between two looks of a picture."""
    hidden = "".join(one for one in text if not one.isprintable() and one != "\n")
    shown = lettered(text, 10**6).replace("\u200b", "")
    if not hidden and not re.search("[\ufe0e\ufe0f]", text):
        assert len(shown) >= len(text)
    elif hidden not in {"\u200d", "\u00a0"} and "\u200d" not in hidden:
        assert shown != text


@given(st.text(alphabet="ab \n", max_size=400))
def test_no_word_is_longer_than_a_line(text: str) -> None:
    assert all(len(one) <= 24 for one in re.split("[\\s\u200b]", lettered(text)))


def test_a_cell_is_cut_and_says_so() -> None:
    assert lettered("x" * 241, LONGEST).endswith("… (241 characters)")
    assert "…" not in lettered("x" * 240, LONGEST)


def test_the_fonts_have_what_is_said_of_them() -> None:
    written = (fonts_reference.FONTS / "coverage.txt").read_text("ascii")
    assert written == fonts_reference.coverage()


def reader(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def value(metadata: str, name: str) -> str:
    found = re.search(f"<{name}>(.*?)</{name}>", metadata)
    assert found is not None, name
    return found.group(1)


def alternatives(node: object, seen: set[int] | None = None) -> list[object]:
    """Return all /Alt texts below an object."""
    seen = set() if seen is None else seen
    found: list[object] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        one = one.get_object() if hasattr(one, "get_object") else one
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            found += [one["/Alt"]] if "/Alt" in one else []
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return found
