"""A bundle checked offline: signatures, proof and events, against a key of the caller.

Guarantees: "verified" only if a key that the caller gave signed the checkpoint, every
signature of it is by a key that the bundle states and holds, and `integrity.evidence`
found nothing. Without such a key everything is checked all the same, and the answer is
"could not verify": whoever forges a bundle forges its key too. Never raises for what a
bundle holds; memory is bounded by `MOST_BYTES` a file.

Source: `spec/evidence.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prooftrail import bundles
from prooftrail.core import checkpoint, note, vkey
from prooftrail.core.evidence import MAX_LINE_BYTES
from prooftrail.core.note import NoteVerdict
from prooftrail.errors import FormatError
from prooftrail.integrity import verdict
from prooftrail.integrity.evidence import Proof
from prooftrail.integrity.findings import Finding, Kind, failure, incomplete
from prooftrail.signing.keys import check_ed25519

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from prooftrail.core.checkpoint import Checkpoint
    from prooftrail.core.evidence import Item
    from prooftrail.core.note import SignedNote
    from prooftrail.core.vkey import VerificationKey

MOST_BYTES = 1_000_000  # of checkpoint and keys
MOST_KEYS = 100


@dataclass
class Checked:
    """What came of it."""

    name: str  # of the bundle, for findings
    entries: int = 0
    first: int | None = None  # seq
    last: int | None = None
    checkpoint: Checkpoint | None = None  # where it reads as one
    time_s: int | None = None  # when it was signed, by a cosignature that holds
    key: VerificationKey | None = None  # by which it counts
    findings: list[Finding] = field(default_factory=list)
    more: int = 0  # failures found beyond those listed
    notes: list[str] = field(default_factory=list)  # what else is worth saying

    @property
    def verdict(self) -> verdict.Verdict:
        """The conclusion."""
        return verdict.conclude(self.findings)

    def take(self, other: Checked) -> None:
        """Take over what was found out of a part."""
        self.entries += other.entries
        self.first, self.last = other.first, other.last
        self.checkpoint, self.time_s, self.key = (
            other.checkpoint,
            other.time_s,
            other.key,
        )
        self.findings += other.findings
        self.notes += other.notes
        self.more += other.more

    def fail(self, kind: Kind, told: str) -> None:
        """Add a failure."""
        self.findings.append(failure(kind, self.name, None, told))


def check(
    name: str,
    files: Mapping[str, Callable[[], BinaryIO]],
    keys: Sequence[VerificationKey],
    *,
    told: Callable[[Item], None] = lambda _: None,
    withheld: bool = False,
) -> Checked:
    """Check the four files of a bundle.

    Args:
        name: what findings call it.
        files: what opens each of them, by name; others are not looked at.
        keys: that the caller has from elsewhere; may be empty.
        told: gets each entry that reads as one, in order.
        withheld: whether events may be missing: that is a note then, and no finding.
    """
    found = Checked(name)
    missing = [one for one in bundles.FILES if one not in files]
    if missing:
        what = f"{', '.join(missing)} of the evidence is not there"
        found.findings.append(incomplete(name, what))
        return found
    proof = Proof(name, withheld=withheld)
    for line in _lines(files[bundles.EVIDENCE]):
        item = proof.add(line)
        if item is not None:
            found.first = item.header.seq if found.first is None else found.first
            found.last = item.header.seq
            told(item)
    for line in _lines(files[bundles.TREE]):
        proof.add_node(line)
    found.entries = proof.entries
    signed = _checkpoint(found, files[bundles.CHECKPOINT])
    if signed is not None:
        _signatures(found, signed, _stated(found, files[bundles.PUBLIC_KEY]), keys)
    if found.checkpoint is not None:
        proof.finish(found.checkpoint)
    if withheld and proof.without:
        found.notes.append(
            f"{proof.without:,} entries are here without their event: that they are in "
            "the log is proven, what they say is what the file's signer states"
        )
    found.findings += proof.findings
    found.more = proof.more
    return found


def _lines(opened: Callable[[], BinaryIO]) -> Iterator[bytes]:
    """Yield lines, each with its newline; one that is too long comes cut off, last."""
    with opened() as file:
        while line := file.readline(MAX_LINE_BYTES + 1):
            yield line
            if len(line) > MAX_LINE_BYTES:
                return


def _whole(opened: Callable[[], BinaryIO]) -> bytes:
    with opened() as file:
        return file.read(MOST_BYTES + 1)


def _checkpoint(found: Checked, opened: Callable[[], BinaryIO]) -> SignedNote | None:
    try:
        signed = note.parse_note(_whole(opened))
        found.checkpoint = checkpoint.parse_checkpoint(signed.text)
    except FormatError as error:
        found.fail(Kind.FORGED, f"checkpoint.txt is no checkpoint: {error}")
        return None
    return signed


def _stated(
    found: Checked, opened: Callable[[], BinaryIO]
) -> list[VerificationKey] | None:
    """Return the keys that the bundle states; None where these are none."""
    try:
        return _parsed(_whole(opened))
    except FormatError as error:
        found.fail(Kind.FORGED, f"public-key.txt holds no keys: {error}")
        return None


def _parsed(text: bytes) -> list[VerificationKey]:
    *lines, rest = text.decode("ascii", "replace").split("\n")
    if rest or len(lines) > MOST_KEYS:
        raise FormatError("a key a line is expected, each with its newline")
    return [vkey.parse_vkey(line) for line in lines]


def _signatures(
    found: Checked,
    signed: SignedNote,
    stated: list[VerificationKey] | None,
    given: Sequence[VerificationKey],
) -> None:
    """Say who signed, and whether one of them counts."""
    origin = found.checkpoint.origin if found.checkpoint else ""
    trusted = [key for key in given if key.name == origin]
    known = list(dict.fromkeys([*(stated or ()), *trusted]))
    checked = note.verify_note(signed, known, check_ed25519)
    by = [one.key for one in checked.valid]
    found.time_s = checked.time_s
    if checked.verdict is NoteVerdict.INVALID:
        found.fail(Kind.FORGED, "checkpoint.txt carries a wrong signature")
        return
    if stated == []:  # of a log that states none: the caller has to know them all
        if len(by) != len(signed.signatures):
            told = (
                "public-key.txt is empty, and not each signature of checkpoint.txt is "
                "by a key that was given (--key): give both keys of the log"
            )
            found.findings.append(incomplete(found.name, told))
    elif stated is not None and (
        set(by) != set(stated) or not len(stated) == len(by) == len(signed.signatures)
    ):
        told = (
            "the signatures of checkpoint.txt are not by the keys of public-key.txt, "
            "all of these and no other"
        )
        found.fail(Kind.FORGED, told)
    counted = [key for key in by if key in trusted]
    if counted:
        found.key = counted[0]
    elif trusted:
        told = "the checkpoint is not signed by the key that was given (--key)"
        found.fail(Kind.FORGED, told)
    elif given:
        told = f"no key that was given (--key) is of this log ({origin})"
        found.findings.append(incomplete(found.name, told))
    else:
        told = (
            "nobody vouches for the key that signed it: get the log's key from "
            "elsewhere, and give it with --key"
        )
        found.findings.append(incomplete(found.name, told))
