"""Verifying files alone: evidence bundles and reports; no database, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from cryptography.x509 import Certificate

    from prooftrail.bundles.checking import Checked
    from prooftrail.core.vkey import VerificationKey


MOST_BYTES = 1_000_000_000  # of a report


def check(
    evidence: Sequence[Path],
    reports: Sequence[Path],
    keys: Sequence[VerificationKey],
    certificate: Path | None,
    authorities: Sequence[Path] = (),
    *,
    as_json: bool,
) -> int:
    """Check evidence and reports, and print what came of it; return the exit code.

    Raises:
        EvidenceError: one of them cannot be read.
        ReportError: the extra `report` is not installed.
    """
    import json

    from prooftrail.bundles import telling

    found = [one for place in evidence for one in _place(place, keys)]
    pinned = None if certificate is None else _certificate(certificate)
    trusted = [one for path in authorities for one in _authorities(path)]
    found += [_report(path, keys, pinned, trusted) for path in reports]
    if as_json:
        click.echo(json.dumps(telling.as_json(found), indent=2))
    else:
        for line in telling.lines(found):
            click.echo(line)
    return telling.conclude(found).exit_code


def _certificate(path: Path) -> Certificate:
    from cryptography import x509

    from prooftrail.errors import EvidenceError

    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EvidenceError(
            f"{path} is no certificate (PEM) that can be read: name the one that "
            "prooftrail key report printed"
        ) from error


def _authorities(path: Path) -> list[Certificate]:
    from cryptography import x509

    from prooftrail.errors import EvidenceError

    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EvidenceError(
            f"{path} holds no certificate (PEM) that can be read: get that of the "
            "time-stamping authority, or its issuer's, from the authority itself"
        ) from error


def _report(
    path: Path,
    keys: Sequence[VerificationKey],
    certificate: Certificate | None,
    authorities: Sequence[Certificate],
) -> Checked:
    from prooftrail.bundles import places
    from prooftrail.errors import EvidenceError
    from prooftrail.reports import verifying

    with places.reading(path.name), path.open("rb") as file:
        pdf = file.read(MOST_BYTES + 1)
    if len(pdf) > MOST_BYTES:
        raise EvidenceError(f"{path} is larger than 1 GB: it is no report of ours")
    return verifying.check(path.name, pdf, keys, certificate, authorities)


def _place(place: Path, keys: Sequence[VerificationKey]) -> list[Checked]:
    """Check each bundle of a place: at its root, and in directories within."""
    from prooftrail import bundles
    from prooftrail.bundles import checking, naming, places, several
    from prooftrail.errors import EvidenceError

    found: dict[str, dict[str, Callable[[], BinaryIO]]] = {}
    for path, open_it in places.opened(place).items():
        directory, _, name = path.rpartition("/")
        if name in bundles.FILES or naming.is_evidence(name):
            found.setdefault(directory, {})[name] = open_it
    if not found:
        raise EvidenceError(f"{place} holds no evidence: no evidence.jsonl is in it")
    checked = []
    for directory, files in sorted(found.items()):
        name = f"{place.name}/{directory}" if directory else place.name
        with places.reading(name):
            parts = several.parts(files)
            # of a log without any evidence here, a checkpoint came along
            proven = [one for one in parts if set(naming.ALONE) & set(one)]
            checked += [checking.check(name, one, keys) for one in proven or parts]
    return checked
