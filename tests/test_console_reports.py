"""The console's pages of reports: asked for, followed, read, taken, by nobody else."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pypdf
import pytest

from prooftrail.errors import BusyError, ReportError
from prooftrail.service import binder, reporting
from prooftrail.service.binder import Binder
from prooftrail.service.files import File
from prooftrail.service.reporting import Progress, Reporting
from tests.recording import seal
from tests.sealing import log
from tests.test_report_enclosing import draft
from tests.watching_rig import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.console_rig import Console, Person

FAILED = {"report": "failed-auth", "during": "this-year"}


def made(person: Person, **form: str) -> str:
    """Ask for a report and wait for it; return its address."""
    answer = person.post("/reports", **form)
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    until(lambda: "Take the PDF" in person.get(place), "made")
    return str(place)


def test_a_report_is_made_read_and_taken(console: Console) -> None:
    console.record(action="auth.login.failure", result="failure")
    console.api.seal()
    person = console.person()
    assert "Failed Authentication Report" in person.get("/reports")
    place = made(person, **FAILED, entity="Example <b>Ltd</b>")
    assert "No rule found anything." in person.get(place)
    page = person.http.get(f"{place}/page")
    assert "Example &lt;b&gt;Ltd&lt;/b&gt;" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'sha256-" in policy
    assert policy.endswith("sandbox")
    file = person.http.get(f"{place}/file")
    assert file.headers["content-type"] == "application/pdf"
    assert 'filename="failed-auth.pdf"' in file.headers["content-disposition"]
    text = pypdf.PdfReader(io.BytesIO(file.content)).pages[0].extract_text()
    assert "Example <b>Ltd</b>" in text
    assert "from the console" in " ".join(text.split())
    assert "No rule found anything." in person.get("/reports")
    seal(console.api.trail)
    told = log(console.api.trail)
    (export,) = [one for one in told if one["action"] == "audit.log.export"]
    assert export["actor"]["userId"].startswith("person:")
    assert export["details"]["report"] == "failed-auth"
    assert export["details"]["reportId"] == place.rpartition("/")[2]
    assert [one["action"] for one in told].count("audit.chain.verify") == 1


def test_a_report_is_nobody_elses(console: Console) -> None:
    person = console.person()
    place = made(person, **FAILED)
    other = console.person(email="ida@auditors.example", role="admin")
    for path in (place, f"{place}/page", f"{place}/file"):
        answer = other.http.get(path)
        assert answer.status_code == 404
        assert "Make it again" in answer.text
    assert place not in other.get("/reports")


def test_what_one_may_not_see_is_in_no_report_and_integrity_is_not_offered(
    console: Console,
) -> None:
    console.api.trail.stream("other")
    limited = console.person(
        email="ida@auditors.example", role="auditor", streams=("other",)
    )
    console.record(action="auth.login.failure", result="failure")
    console.api.seal()
    place = made(limited, **FAILED)
    text = limited.get(f"{place}/page")
    assert "No login failed." in text
    assert "Streams: other" in text
    officer = console.person(email="pia@example.test", role="privacy_officer")
    assert 'value="integrity"' not in officer.get("/reports")
    answer = officer.post("/reports", report="integrity")
    assert answer.status_code == 400
    answer = limited.post("/reports", **FAILED, stream="main")
    assert answer.status_code in {400, 404}


def test_what_is_wrong_is_told_and_what_was_typed_stays(console: Console) -> None:
    person = console.person()
    answer = person.post(
        "/reports", report="failed-auth", during="sometimes", entity="Example"
    )
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert 'value="sometimes"' in answer.text
    assert 'value="Example"' in answer.text
    forged = person.http.post("/reports", data={"csrf": "0" * 64, **FAILED})
    assert forged.status_code == 403
    assert person.post("/reports", report="nothing").status_code == 400


def test_the_integrity_report_is_made_with_progress(console: Console) -> None:
    console.record()
    console.api.seal()
    person = console.person()
    place = made(person, report="integrity", during="")
    assert "Nothing was found altered" in person.get(place)
    part = person.http.get(place, headers={"HX-Request": "true"})
    assert "<html" not in part.text


def test_what_one_report_takes_is_asked_for_and_recorded(console: Console) -> None:
    console.record()
    console.api.seal()
    person = console.person()
    assert "Sat 20:00-Sun 06:00" in person.get("/reports")
    asked = {"report": "admin-actions", "during": "this-year"}
    place = made(person, **asked, change_window="Sat 20:00-Sun 06:00")
    assert "Sat 20:00-Sun 06:00" in person.get(f"{place}/page")
    made(person, **FAILED, change_window="Sat 20:00-Sun 06:00")  # not for this one
    seal(console.api.trail)
    told = log(console.api.trail)
    exports = [one["details"] for one in told if one["action"] == "audit.log.export"]
    assert exports[0]["options"] == {"change_window": "Sat 20:00-Sun 06:00"}
    assert "options" not in exports[1]


def test_an_address_with_a_slash_too_many_leads_to_no_other_host(
    console: Console,
) -> None:
    answer = console.person().http.get("/reports/")
    assert answer.status_code == 404
    assert "location" not in answer.headers


def test_without_the_extra_the_page_says_how_to_install_it(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = console.person()
    monkeypatch.setattr(reporting, "_EXTRA", ("typst", "no_such_package"))
    page = person.get("/reports")
    assert "pip install &#39;prooftrail[report]&#39;" in page
    assert "Make it" not in page
    answer = person.post("/reports", **FAILED)
    assert answer.status_code == 503
    assert "pip install" in answer.text
    seal(console.api.trail)
    assert not [e for e in log(console.api.trail) if e["action"] == "audit.log.export"]


class _Slow:
    """Makes reports as slowly as it is told; cannot be had of the real one."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.wrong: Exception | None = None

    def draft(self, *_: Any) -> Any:
        assert self.go.wait(30)
        if self.wrong is not None:
            raise self.wrong
        return draft(["Ada"])

    def both(self, *_: Any) -> tuple[File, ...]:
        page = File("a.html", "text/html", b"a")
        return page, File("a.pdf", "application/pdf", b"b")


class _Desk:
    def __init__(self, number: int) -> None:
        self.report_id = f"r{number}"


class _Log:
    def __init__(self) -> None:
        self.said: list[str] = []

    def error(self, message: str, **_: object) -> None:
        self.said.append(message)


@pytest.fixture
def slow() -> Iterator[_Slow]:
    found = _Slow()
    yield found
    found.go.set()


def ask(one: Binder, number: int, who: str = "person:1") -> str:
    desk: Any = _Desk(number)
    return one.start("failed-auth", desk, {"userId": who})


def binding(slow: _Slow, now: list[int]) -> Binder:
    making: Any = slow
    log: Any = _Log()
    return Binder(making, log, lambda: now[0])


def test_nobody_takes_all_places_and_what_waits_is_bounded(slow: _Slow) -> None:
    one = binding(slow, [0])
    ask(one, 0)
    with pytest.raises(BusyError, match="a report of yours is being made"):
        ask(one, 1)
    for number in range(1, binder.AT_ONCE):
        ask(one, number, f"person:{number + 1}")
    until(lambda: not one._queue, "all at work")
    for number in range(binder.WAITING):
        ask(one, 100 + number, f"person:{100 + number}")
    with pytest.raises(BusyError, match="wait to be made"):
        ask(one, 200, "person:200")
    slow.go.set()
    until(lambda: all(j.state == "made" for j in one.of("person:1")), "made")
    assert one.get("r0", "person:2") is None
    job = one.get("r0", "person:1")
    assert job is not None
    file = job.file("application/")
    assert file is not None
    assert file.content == b"b"
    assert job.progress == Progress("Waiting for its turn")  # as nothing else was told


def test_many_who_read_a_file_at_once_all_get_all_of_it() -> None:
    content = bytes(range(256)) * 40_000
    desk: Any = _Desk(1)
    job = binder.Job("failed-auth", desk, {"userId": "person:1"}, 0)
    job.keep(File("a.zip", "application/zip", content))
    assert job.packed
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: job.file("application/"), range(64)))
    assert {None if one is None else one.content for one in got} == {content}
    job.drop()
    assert job.file("application/") is None
    assert not job.packed


def test_reports_are_forgotten(slow: _Slow) -> None:
    now = [0]
    one = binding(slow, now)
    slow.go.set()
    for number in range(binder.MOST + 3):
        ask(one, number)
        until(lambda: all(j.state == "made" for j in one.of("person:1")), "made")
    assert len(one.of("person:1")) <= binder.MOST + 1
    now[0] = int(binder.KEPT * 1e6) + 1
    assert one.of("person:1") == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ReportError("there is no ink"), "there is no ink"),
        (ValueError("secret"), "a defect of the service"),
    ],
)
def test_what_fails_is_told_in_words(slow: _Slow, error: Exception, told: str) -> None:
    one = binding(slow, [0])
    slow.wrong = error
    slow.go.set()
    name = ask(one, 1)
    until(lambda: one.of("person:1")[0].state == "failed", "failed")
    job = one.get(name, "person:1")
    assert job is not None
    assert told in str(job.problem)
    assert "secret" not in str(job.problem)
    assert job.file("text/html") is None


def test_the_reports_that_are_offered_are_those_of_the_command() -> None:
    assert next(iter(Reporting.listed())) == "integrity"
    assert "failed-auth" in Reporting.listed()
