"""Reports made by the service, for the API and for the console.

Guarantees: a report is read as whoever asked, under row-level security, its log is
verified, its rows are proven, and that it was made is durable in the trail before a
byte of it is there to be given. It is signed where the service has a key for that.

Does not: decide who may ask.
"""

from __future__ import annotations

import threading
import zipfile
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

from prooftrail.core import ids
from prooftrail.reports import chain, integrity, integrity_making, sample
from prooftrail.reports.desk import Desk
from prooftrail.reports.document import count
from prooftrail.reports.enclosing import enclosing
from prooftrail.reports.page import page
from prooftrail.reports.proving import proven
from prooftrail.reports.registry import MAKERS
from prooftrail.reports.signing import Signing
from prooftrail.reports.stamping import TSA
from prooftrail.reports.typesetting import typeset
from prooftrail.search import draws, parameters, sampled, viewing
from prooftrail.service.files import File
from prooftrail.verification import apart, recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, BinaryIO

    from prooftrail.reports.enclosing import Draft
    from prooftrail.search.sampled import Wanted
    from prooftrail.service.parts import Parts
    from prooftrail.store.readers import Holder
    from prooftrail.verification.report import Asked, Report


# What the extra `report` has and `serve` has not.
_EXTRA: Final = ("typst", "pyhanko")


class Progress(NamedTuple):
    """How far a report is."""

    phase: str
    done: int = 0
    total: int = 0  # 0: nobody knows


def _nobody(_: Progress) -> None:
    return


class Reporting:
    """Makes reports.

    Args:
        parts: of the service.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @staticmethod
    def listed() -> dict[str, str]:
        """Return what each report answers, by its name."""
        told = {integrity.NAME: integrity.QUESTION}
        return told | {name: maker.SUMMARY for name, maker in MAKERS.items()}

    @staticmethod
    def lacking() -> str | None:
        """Return what keeps reports from being made here, and what to do; or None."""
        if all(find_spec(name) is not None for name in _EXTRA):
            return None
        return (
            "reports need the extra `report`: pip install 'prooftrail[report]' where"
            " the service runs, then start it again"
        )

    @staticmethod
    def title(name: str) -> str:
        """Return what a report is called."""
        others = {integrity.NAME: integrity.TITLE, sample.NAME: sample.TITLE}
        return others.get(name) or MAKERS[name].TITLE

    @staticmethod
    def query(name: str) -> str:
        """Return what a report is about, in the query language."""
        return "" if name == integrity.NAME else MAKERS[name].QUERY

    def desk(
        self,
        holder: Holder,
        token: str,
        given: Sequence[tuple[str, str]],
        beside: tuple[str, ...] = (),
        **own: Any,  # noqa: ANN401  as `Desk` has them
    ) -> Desk:
        """Return where a report is made.

        Args:
            holder: for whom.
            token: his.
            given: filters, as parameters of a request.
            beside: parameters among them that are read elsewhere.
            own: `stated`, `run_from` and `options` of the desk.

        Raises:
            QuestionError: something of it is not understood.
        """
        now_us = self._parts.clock()
        return Desk(
            reading=lambda: self._parts.readers.reading(token),
            holder=holder,
            asked=parameters.filters(
                given, holder.streams, now_us=now_us, beside=beside
            ),
            made_by=f"{holder.user_id} ({holder.role})",
            report_id=ids.uuid7(now_us, self._parts.random(8)),
            started_us=now_us,
            clock=self._parts.clock,
            **own,
        )

    def draft(
        self,
        name: str,
        desk: Desk,
        actor: Mapping[str, Any],
        told: Callable[[Progress], None] = _nobody,
    ) -> Draft:
        """Return a report: read, verified and proven, and not recorded yet.

        Args:
            name: of `listed`.
            desk: at which it is made.
            actor: who asked, as an event has it.
            told: how far it is.

        Raises:
            ProoftrailError: it is not for whoever asked, or cannot be read.
        """
        checks = self._parts.checks
        verify = self._verifying(actor, told)
        if name == integrity.NAME:
            question = desk.asked.question
            wanted = checks.asked(question.from_us, question.to_us)
            draft, _ = integrity_making.make(desk, wanted, verify)
        else:
            told(Progress("Reading the trail"))
            draft = MAKERS[name].make(desk)
            draft, _ = chain.verified(desk, draft, checks.asked(), verify)
        told(Progress("Proving rows"))
        return proven(draft)

    def sample(
        self,
        wanted: Wanted,
        desk: Desk,
        actor: Mapping[str, Any],
        told: Callable[[Progress], None] = _nobody,
    ) -> Draft:
        """Return a sample's report: verified and proven, and its draw recorded.

        Raises:
            ProoftrailError: it cannot be drawn, read or recorded.
        """
        told(Progress("Listing the population"))
        draft, drawn = sample.make(desk, wanted)
        names = list(desk.chosen.values())
        viewing.record(
            self._parts.recorder,
            actor=actor,
            streams=names,
            action=draws.DRAW,
            **sampled.record(drawn, desk.asked, names)._asdict(),
        )
        verify = self._verifying(actor, told)
        draft, _ = chain.verified(desk, draft, self._parts.checks.asked(), verify)
        told(Progress("Proving items"))
        return proven(draft)

    def page(self, desk: Desk, draft: Draft, actor: Mapping[str, Any]) -> File:
        """Return a report as a page; recorded."""
        made = _page(draft)
        self._record(desk, draft, actor, ("html", 0))
        return made

    def pdf(
        self,
        desk: Desk,
        draft: Draft,
        actor: Mapping[str, Any],
        told: Callable[[Progress], None] = _nobody,
    ) -> File:
        """Return a report as PDF, several volumes of it as a ZIP; recorded."""
        self._record(desk, draft, actor, ("pdf", count(draft.report)))
        return self._set(draft, told)

    def both(
        self,
        desk: Desk,
        draft: Draft,
        actor: Mapping[str, Any],
        told: Callable[[Progress], None] = _nobody,
    ) -> tuple[File, File]:
        """Return a report as a page and as PDF; recorded, once."""
        made = _page(draft)
        self._record(desk, draft, actor, ("pdf, html", count(draft.report)))
        return made, self._set(draft, told)

    def _set(self, draft: Draft, told: Callable[[Progress], None]) -> File:
        key, at_us = self._parts.report_key, draft.made_us
        signing = None if key is None else Signing(key, self._parts.authority)
        total = count(draft.report)

        def volumes() -> Iterator[bytes]:
            told(Progress("Setting", 0, total))
            for number, one in enumerate(typeset(enclosing(draft), at_us), 1):
                yield one if signing is None else signing.sign(one, at_us)
                told(Progress("Setting", number, total))

        made = _packed(draft.parameters["report"], volumes(), total)
        if signing is not None and signing.without is not None:
            self._parts.log.warning(
                "report signed without a trusted time",
                report=draft.parameters["report"],
                why=signing.without,
                next=f"make it again, or name another authority in {TSA}",
            )
        return made

    def _record(
        self,
        desk: Desk,
        draft: Draft,
        actor: Mapping[str, Any],
        form: tuple[str, int],
    ) -> None:
        viewing.record(
            self._parts.recorder,
            action="audit.log.export",
            actor=actor,
            streams=list(desk.chosen.values()),
            details=desk.exported(draft, *form),
        )

    def _verifying(
        self, actor: Mapping[str, Any], told: Callable[[Progress], None]
    ) -> Callable[[Asked], Report]:
        """Return what verifies, and records that whoever asked had it done."""

        def verify(wanted: Asked) -> Report:
            told(Progress("Verifying the log"))
            report = apart.verify(
                wanted,
                threading.Event(),  # nobody ends it early
                told=lambda done, total: told(
                    Progress("Verifying the log", done, total)
                ),
            )
            for stream, fields in recording.events(wanted, report, actor=actor):
                self._parts.recorder.record(stream=stream, **fields)
            return report

        return verify


def _page(draft: Draft) -> File:
    name = f"{draft.parameters['report']}.html"
    return File(name, "text/html; charset=utf-8", page(draft.report))


def _packed(name: str, volumes: Iterator[bytes], total: int) -> File:
    """Return a report's volumes as one file, written as they are made."""
    if total == 1:
        [only] = volumes
        return File(f"{name}.pdf", "application/pdf", only)

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as several:
            for number, pdf in enumerate(volumes, 1):
                several.writestr(f"{name}-{number}.pdf", pdf)

    return File(f"{name}.zip", "application/zip", write)
