"""A verifier written from `spec/` alone, to show that the specification suffices.

It reads a case of `spec/vectors/log/` and prints verdict and failures:
``python -m tests.independent.verify CASE.json``. Sections are those of
`spec/verification.md`. It reads no database.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.independent.parts import Claim, Part, read_row
from tests.independent.pieces import (
    DAY_US,
    ORIGIN,
    SIGNER,
    Key,
    Row,
    label,
    leaf_of,
    parse_checkpoint,
    parse_vkey,
    peaks_of,
    project,
    read_keys,
    records_of,
    root_of,
    valid_signatures,
)


class Verifier:
    """Verifies one case."""

    def __init__(self, case: Row) -> None:
        self.case = case
        self.rows = [read_row(entry) for entry in case["entries"]]
        self.failures: list[Row] = []
        self.incomplete = False
        self.claims: list[Claim] = []
        self.leaves: list[bytes | None] = []  # None: nothing stands there
        self.unresolved: set[int] = set()
        self.edited: list[Row] = []
        self.before: Row | None = None
        self.clock = -(2**63)
        self.doubted: Row | None = None  # sound, not chained to the row before it
        self.links: bytes | None = None  # the leaf before
        self.ids: set[str] = set()
        self.newest: Row | None = None  # where it is sound
        self.anchored: int | None = None

    def fail(self, kind: str, seq: int | None) -> None:
        self.failures.append({"kind": kind, "seq": seq})

    def run(self) -> Row:
        self.which_log()
        self.gather()
        self.set_apart()
        self.size = max((row["seq"] for row in self.rows), default=-1) + 1
        self.start, self.stop, self.reached = 0, self.size, self.size
        if asked := self.case.get("asked"):
            part = Part(self.rows, self.size, self.stream_id, self.genesis())
            self.start, self.stop = part.span(asked)
            signed = bool(self.keys)
            self.reached = part.reach(self.stop, self.claims, signed=signed)
        self.entries()
        self.tree()
        self.beside()
        attested = self.anchored or 0
        covered = attested >= self.stop + (self.reached > self.stop)
        verdict = "could not verify" if self.incomplete else "verified"
        span = {"firstSeq": self.start, "stopSeq": self.stop} if asked else {}
        return span | {
            "verdict": "tampered" if self.failures else verdict,
            "failures": sorted(self.failures, key=str),
            "anchoredUpTo": self.anchored,
            "selfAttestedFrom": None if covered else max(attested, self.start),
        }

    def genesis(self) -> bytes:
        return sha256(label(b"genesis") + self.stream_id).digest()

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
        named = [parse_vkey(text) for text in self.case.get("keys", [])]
        self.given = [key for key in named if key[0] == self.origin]
        self.incomplete = len(self.given) < len(named)
        if self.given or not named:
            self.read_claims()
        if self.given and not (self.claims or self.failures):
            self.incomplete = True
        self.claims.sort(key=lambda claim: claim[0])

    def read_claims(self) -> None:
        for row in self.case["checkpoints"]:
            if claim := self.claim(row["note"], self.keys, stored=row):
                self.claims.append((*claim, False, bytes.fromhex(row["peaksHex"])))
        places = {anchor["place"]: anchor for anchor in self.case["anchors"]}
        for place in places:
            if place != self.place:
                self.fail("stream missing", 0)
        if places:
            self.read_anchor(places.get(self.place, {"keys": "", "checkpoints": ""}))

    def read_anchor(self, anchor: Row) -> None:
        found, damaged = read_keys(anchor["keys"])
        keys = self.given or [key for key in found if key[0] == self.origin]
        self.incomplete = self.incomplete or (damaged and not self.given)
        if self.keys and not self.given and not set(keys) <= set(self.keys):
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
        counting = {key for key in self.given or keys if key[2] == SIGNER}
        good = bool(counting & set(valid or ()))
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
        self.links = self.genesis()
        for row in (row for row in self.rows if row["seq"] < self.reached):
            seq, expected = row["seq"], len(self.leaves)
            if seq < expected:
                self.fail("duplicated" if row == self.before else "inserted", seq)
                continue
            if seq > expected:
                self.gap(expected, seq)
                self.links = None
            within = self.start <= seq < self.stop
            whole = row["whole" if within else "headed"]
            sound = whole and row["streamId"] == self.stream_id
            if within:
                self.look(row, sound=sound)
            elif not sound:
                self.fail("inserted" if whole else "edited", seq)
            self.link(row, sound=sound)
            self.before, self.newest = row, row if sound else None
        if self.doubted is not None:
            self.blame(self.doubted, None)
        if len(self.leaves) < self.reached:
            self.gap(len(self.leaves), self.reached)
        self.reorder()

    def link(self, row: Row, *, sound: bool) -> None:
        seq, fits = row["seq"], self.links in (None, row["prev"])
        if self.doubted is not None:
            self.blame(self.doubted, None if fits or not sound else row)
            self.doubted = None
        elif not fits and sound and seq == 0:
            self.fail("rewritten", 0)
        elif not fits and sound:
            self.doubted = row
        if not sound:
            self.unresolved.add(seq)
        else:
            if row["recordedUs"] < self.clock:
                self.fail("clock", seq)
            self.clock = row["recordedUs"]
            if seq - 1 in self.unresolved:
                self.leaves[-1] = row["prev"]
                self.unresolved.remove(seq - 1)
        self.links = row["leaf"] if sound else None  # else it is named already
        self.leaves.append(row["leaf"])

    def gap(self, first: int, stop: int) -> None:
        self.fail("deleted", first)
        self.leaves += [None] * (stop - first)
        self.unresolved |= set(range(first, stop))

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
        known = [leaf for leaf in self.leaves if leaf is not None]
        if len(known) < len(self.leaves):  # up to the first that is gone
            known = known[: self.leaves.index(None)]
        sure = min(self.unresolved, default=len(known))
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
            elif at not in forked and at <= sure and not told:
                told = True
                self.fail("rewritten", fitted)
        if any(claim[0] > self.size for claim in self.claims):
            self.fail("truncated", self.size)

    def beside(self) -> None:  # section 5
        head, size = self.case["head"], self.size
        newest = self.newest if self.reached == size else None
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
        if self.failures or "asked" in self.case:
            return  # entries that are named already may account for differences
        names = ("action", "role", "result", "pii")
        counted: Counter[tuple[Any, ...]] = Counter()
        for found in (project(row["event"])[0] for row in self.rows):
            if found["continues"] is None:
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
