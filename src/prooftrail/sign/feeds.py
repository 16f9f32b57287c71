"""All anchors of a signer, beside the database that signs on without them.

Guarantees: an anchor that fails is told, tried again after the wait, and given what it
missed: the newest checkpoint of each of the largest 1,000 sizes, as far as this
signer's keys signed them; it stops neither the database nor the other anchors.

Source: design, "Checkpoints"; one anchor is `sign.feed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail.errors import AnchorError
from prooftrail.sign import opening
from prooftrail.sign.book import Known, read_note
from prooftrail.sign.feed import Feed
from prooftrail.sign.standing import waited
from prooftrail.store import checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prooftrail.sign.anchor import Anchor
    from prooftrail.sign.book import Book
    from prooftrail.sign.signed import Signed
    from prooftrail.store.connect import Connection

MISSED = 1_000  # sizes that an anchor is given after an absence, at most


class Feeds:
    """Where checkpoints go beside the database.

    Args:
        anchors: where checkpoints go.
        wait_us: until one that failed is tried again.
    """

    def __init__(self, anchors: Iterable[Anchor], wait_us: int) -> None:
        self.each = [Feed(anchor) for anchor in anchors]
        self._wait_us = wait_us
        self._failed_us: dict[tuple[Feed, int], int] = {}  # and stream number

    def put(
        self,
        connection: Connection,
        book: Book,
        fresh: Sequence[Known],
        done: Signed,
        now_us: int,
        *,
        last: bool,
    ) -> None:
        """Bring the anchors up to the newest checkpoint.

        Args:
            connection: the signer's.
            book: of the log.
            fresh: the checkpoints signed last, in order.
            done: to which is added what was appended, and what failed.
            now_us: the present.
            last: try also one that failed a moment ago.

        Raises:
            SignError: what an anchor holds does not lead to what is signed.
        """
        for feed in self.each:
            place = feed, book.stream.number
            failed_us = self._failed_us.get(place)
            if failed_us is not None and not (
                last or waited(now_us, failed_us, self._wait_us)
            ):
                continue
            try:
                done.anchored += feed.put(
                    book,
                    fresh,
                    missed=lambda size: _missed(connection, book, size, done),
                    root_of=lambda size: opening.root_of(connection, book, size),
                )
            except AnchorError as error:
                self._failed_us[place] = now_us
                done.unanchored = True
                done.warnings.append(f"stream {book.stream.name!r}: {error}")
            else:
                self._failed_us.pop(place, None)


def _missed(connection: Connection, book: Book, size: int, done: Signed) -> list[str]:
    """Return the notes of the sizes between one and the newest, in order."""
    found: list[str] = []
    passed: list[int] = []
    for row in checkpoints.between(
        connection, book.stream.number, (size, book.size), MISSED
    ):
        known = read_note(row.note, book.keys)
        if known is None or known.size != row.size:
            passed.append(row.size)
        else:
            found.append(known.note)
    if passed:
        told = opening.passed_over(book.stream.name, passed[::-1])
        done.warnings.append(f"{told}. The anchor does not get what they state")
    return found
