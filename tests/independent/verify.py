"""A verifier written from `spec/` alone, to show that the specification suffices.

It reads a case of `spec/vectors/log/` and prints verdict and failures:
``python -m tests.independent.verify CASE.json``. Sections are those of
`spec/verification.md`. It reads no database, and no part of a log by time.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.independent.pieces import (
    DAY_US,
    ORIGIN,
    SIGNER,
    Key,
    Row,
    address,
    label,
    leaf_of,
    parse_checkpoint,
    parse_vkey,
    peaks_of,
    project,
    records_of,
    root_of,
    valid_signatures,
)

Claim = tuple[int, bytes, bool, bytes | None]  # size, root, outside, stored peaks


def read_row(entry: Row) -> Row:
    """Return an entry with bytes for hex, and what is recomputed beside it."""
    columns = {**entry["columns"], "ip": address(entry["columns"]["ip"])}
    row = {**entry, "columns": columns}
    for key in ("streamId", "prev", "body", "leaf", "salt"):
        text = row.pop(f"{key}Hex")
        row[key] = None if text is None else bytes.fromhex(text)
    salt, event = row["salt"] or b"", (row["event"] or "").encode()
    row["true"] = sha256(label(b"body") + salt + event).digest()
    row["hashed"] = row["leaf"] == leaf_of(row, row["true"])
    row["whole"] = (
        row["event"] is not None
        and (row["kind"] in (0, 1) and len(salt) == 16 and len(row["prev"]) == 32)
        and (row["body"] == row["true"] and row["hashed"])
    )
    return row


class Verifier:
    """Verifies one case."""

    def __init__(self, case: Row) -> None:
        self.case = case
        self.rows = [read_row(entry) for entry in case["entries"]]
        self.failures: list[Row] = []
        self.incomplete = False
        self.claims: list[Claim] = []
        self.leaves: list[bytes | None] = []  # None: unresolved
        self.edited: list[Row] = []
        self.ids: set[str] = set()
        self.newest: Row | None = None  # where it is sound
        self.anchored: int | None = None

    def fail(self, kind: str, seq: int | None) -> None:
        self.failures.append({"kind": kind, "seq": seq})

    def run(self) -> Row:
        self.which_log()
        self.gather()
        self.set_apart()
        self.entries()
        self.tree()
        self.beside()
        attested = self.anchored or 0
        verdict = "could not verify" if self.incomplete else "verified"
        return {
            "verdict": "tampered" if self.failures else verdict,
            "failures": sorted(self.failures, key=str),
            "anchoredUpTo": self.anchored,
            "selfAttestedFrom": attested if attested < len(self.leaves) else None,
        }

    def which_log(self) -> None:  # section 1
        stream = self.case["stream"]
        line = f"{stream['base']}/{stream['streamIdHex']}/{stream['incarnation']}"
        registered = [stream["name"], line, stream["keys"]]
        found = [stated for row in self.rows if (stated := self.stated(row))]
        if found and found[0] != registered:
            self.fail("registry edited", 0)
        _, self.origin, keys = found[0] if found else registered
        _, stream_id, incarnation = self.origin.rsplit("/", 2)
        self.stream_id = bytes.fromhex(stream_id)
        self.place = f"{stream_id}-{incarnation}"
        self.keys = [parse_vkey(text) for text in keys]

    def stated(self, row: Row) -> list[Any] | None:
        genesis = sha256(label(b"genesis") + row["streamId"]).digest()
        if not (row["seq"] == 0 and row["whole"] and row["kind"] == 1):
            return None
        value = json.loads(row["event"])
        named = ORIGIN.fullmatch(str(value["details"].get("origin")))
        if (
            row["prev"] != genesis
            or value["action"] != "trail.stream.create"
            or not named
            or named[1] != row["streamId"].hex()
        ):
            return None
        return [value["details"][key] for key in ("name", "origin", "keys")]

    def gather(self) -> None:  # section 2
        for row in self.case["checkpoints"]:
            if claim := self.claim(row["note"], self.keys, stored=row):
                self.claims.append((*claim, False, bytes.fromhex(row["peaksHex"])))
        places = {anchor["place"]: anchor for anchor in self.case["anchors"]}
        for place in places:
            if place != self.place:
                self.fail("stream missing", 0)
        if places:
            self.read_anchor(places.get(self.place, {"keys": "", "checkpoints": ""}))
        self.claims.sort(key=lambda claim: claim[0])

    def read_anchor(self, anchor: Row) -> None:
        keys = [
            parse_vkey(line)
            for line in anchor["keys"].splitlines()
            if line.startswith(f"{self.origin}+")
        ]
        for key in keys:
            if self.keys and key not in self.keys:
                self.fail("forged checkpoint", None)
        if not keys or not anchor["checkpoints"]:
            self.incomplete = True
            return
        for record, torn in records_of(anchor["checkpoints"]):
            if claim := self.claim(record, keys, torn=torn):
                self.claims.append((*claim, True, None))

    def claim(
        self,
        note: str,
        keys: list[Key],
        *,
        stored: Row | None = None,
        torn: bool = False,
    ) -> tuple[int, bytes] | None:
        try:
            text, signatures, origin, size, root = parse_checkpoint(note)
        except ValueError:
            if not torn:
                self.fail("forged checkpoint", None)
            return None
        if origin != self.origin:
            self.fail("forged checkpoint", None)
            return None
        valid = valid_signatures(text, signatures, keys)
        good = valid is not None and any(key[2] == SIGNER for key in valid)
        if good and valid is not None and stored is not None:
            times = {time for time in valid.values() if time is not None}
            good = (
                stored["size"] == size
                and times == {stored["signedUs"] // 1_000_000}
                and (set(valid) == set(keys) and len(signatures) == len(keys))
                and len(stored["peaksHex"]) % 64 == 0
            )
        if not good:
            self.fail("forged checkpoint", max(size - 1, 0))
            return None
        return size, root

    def set_apart(self) -> None:  # section 3
        end = (self.case["head"] or {"seq": 2**63})["seq"]
        while any(row["seq"] == end + 1 for row in self.rows):
            end += 1
        for row in self.rows:
            if row["seq"] > end:
                self.fail("inserted", row["seq"])
        self.rows = [row for row in self.rows if row["seq"] <= end]

    def entries(self) -> None:  # section 3
        before: Row | None = None
        clock = -(2**63)
        doubted: Row | None = None  # sound, and not chained to the row before it
        links: bytes | None = sha256(label(b"genesis") + self.stream_id).digest()
        for row in self.rows:
            seq, expected = row["seq"], len(self.leaves)
            if seq < expected:
                self.fail("duplicated" if row == before else "inserted", seq)
                continue
            if seq > expected:
                self.fail("deleted", expected)
                self.leaves += [None] * (seq - expected)
                links = None
            sound = row["whole"] and row["streamId"] == self.stream_id
            self.look(row, sound=sound)
            fits = links in (None, row["prev"])
            if doubted is not None:
                self.blame(doubted, None if fits or not sound else row)
                doubted = None
            elif not fits and sound and seq == 0:
                self.fail("rewritten", 0)
            elif not fits and sound:
                doubted = row
            if sound:
                if row["recordedUs"] < clock:
                    self.fail("clock", seq)
                clock = row["recordedUs"]
                self.leaves[-1:] = [leaf or row["prev"] for leaf in self.leaves[-1:]]
            links = row["leaf"] if sound else None  # else it is named already
            self.leaves.append(links)
            before, self.newest = row, row if sound else None
        if doubted is not None:
            self.blame(doubted, None)
        self.reorder()

    def blame(self, doubted: Row, other: Row | None) -> None:
        """Name what was replaced: the doubted row if the other is not chained to it."""
        at = doubted["seq"] if other else doubted["seq"] - 1
        self.fail("rewritten", at)
        self.leaves[at] = (other or doubted)["prev"]

    def look(self, row: Row, *, sound: bool) -> None:
        seq = row["seq"]
        if not row["whole"]:
            self.fail("edited", seq)
            self.edited.append(row)
        elif not sound:
            self.fail("inserted", seq)
        fitting = row["body"] == row["true"] or row["hashed"]
        if row["event"] is None or len(row["salt"]) != 16 or not fitting:
            return
        try:
            found, subjects = project(row["event"])
        except ValueError:
            if sound:
                self.fail("edited", seq)
            return
        if sound and row["kind"] != found["action"].startswith("trail."):
            self.fail("edited", seq)
        if found != row["columns"]:
            self.fail("projection edited", seq)
        if found["eventId"] in self.ids:
            self.fail("duplicated", seq)
        self.ids.add(found["eventId"])
        if sound:
            self.compare_subjects(row, found, subjects)

    def compare_subjects(self, row: Row, found: Row, subjects: list[str]) -> None:
        stored = [one for one in self.case["subjects"] if one["seq"] == row["seq"]]
        both = {"seq": row["seq"], "recordedUs": row["recordedUs"]}
        wanted = [
            {**both, "subject": subject, "occurredUs": found["occurredUs"]}
            for subject in subjects
        ]
        if sorted(stored, key=lambda one: str(one["subject"])) != wanted:
            self.fail("projection edited", row["seq"])

    def reorder(self) -> None:
        for row in self.edited:
            others = [other["seq"] for other in self.edited if other is not row]
            if any(row["leaf"] == leaf_of(row, row["body"], seq) for seq in others):
                self.failures.remove({"kind": "edited", "seq": row["seq"]})
                self.fail("reordered", row["seq"])

    def tree(self) -> None:  # section 4
        size = len(self.leaves)
        known = [leaf for leaf in self.leaves if leaf is not None]
        if len(known) < size:  # up to the first that is unresolved
            known = known[: self.leaves.index(None)]
        roots: dict[int, set[bytes]] = {}
        for claim in self.claims:
            roots.setdefault(claim[0], set()).add(claim[1])
        forked = {at for at, found in roots.items() if len(found) > 1}
        for at in forked:
            self.fail("forked", at - 1)
        fitted, told = 0, False
        for at, root, outside, peaks in self.claims:
            if at > len(known):
                continue
            if root == root_of(known[:at]):
                fitted = at
                self.anchored = at if outside else self.anchored
                if peaks is not None and peaks != b"".join(peaks_of(known[: at - 1])):
                    self.fail("forged checkpoint", at - 1)
            elif at not in forked and not told:
                told = True
                self.fail("rewritten", fitted)
        if any(claim[0] > size for claim in self.claims):
            self.fail("truncated", size)

    def beside(self) -> None:  # section 5
        head, size, newest = self.case["head"], len(self.leaves), self.newest
        if head is None:
            self.fail("head edited", None)
        elif head["seq"] >= size:
            self.fail("truncated", size)
        elif head["seq"] < size - 1:
            self.fail("head edited", head["seq"] + 1)
        elif newest is not None and (
            head["leafHex"] != newest["leaf"].hex()
            or head["recordedUs"] != newest["recordedUs"]
        ):
            self.fail("head edited", head["seq"])
        if self.failures:
            return  # entries that are named already may account for differences
        names = ("action", "role", "result", "pii")
        counted: Counter[tuple[Any, ...]] = Counter()
        for row in self.rows:
            found, _ = project(row["event"])
            day = found["occurredUs"] // DAY_US
            counted[(day, *(found[name] for name in names))] += 1
        stored = {
            (row["day"], *(row[name] for name in names)): row["n"]
            for row in self.case["daily"]
        }
        if stored != counted:
            self.fail("rollup edited", None)


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(json.dumps(Verifier(given).run(), indent=1))
