"""Draws from a population by a seed: SHA-256 counted up, without replacement.

    for k = 1, 2, ...:  x = SHA-256(seed ":" k), as a number, big-endian
                        x >= 2^256 - (2^256 mod N): nothing is drawn
                        position = x mod N, unless it was drawn before

Guarantees: seed, N and n determine the sample, on any machine and in any language;
every position is as likely as any other, exactly. A seed is spelled in one way: visible
ASCII characters and single spaces between, so that no two that look the same differ.

Does not: choose the seed. Only one that was named after the population was fixed, by
somebody who gains nothing from the choice, makes the sample unforeseeable.

Source: `spec/sampling.md`.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from prooftrail.errors import FormatError
from prooftrail.sampling.population import months

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prooftrail.sampling.population import Member

MAX_SEED = 128  # characters
MAX_POPULATION = 2**63 - 1
_SEED = re.compile(r"[!-~]+(?: [!-~]+)*")
_SPAN = 2**256


class Draw(NamedTuple):
    """One item of a sample."""

    number: int  # k; 0 where the whole population is the sample
    position: int  # in the population, from 0
    stratum: str = ""  # the month, where months are drawn from apart


def check_seed(seed: str) -> str:
    """Return a seed.

    Raises:
        FormatError: empty, too long, or with other than visible ASCII characters and
            single spaces between them.
    """
    if len(seed) > MAX_SEED or not _SEED.fullmatch(seed):
        raise FormatError(
            f"a seed has 1 to {MAX_SEED} characters, letters without accents, digits "
            "and punctuation, with single spaces between: anything else can look the "
            "same and be another one"
        )
    return seed


def draw(seed: str, size: int, count: int) -> list[Draw]:
    """Draw from a population, in the order of draws.

    All of it, in its own order, where as many or more are asked for.

    Args:
        seed: the auditor's.
        size: members of the population.
        count: how many to draw.

    Raises:
        FormatError: no seed, or a number below 0.
    """
    return _draw(check_seed(seed), size, count)


def draw_by_month(seed: str, members: Sequence[Member], count: int) -> list[Draw]:
    """Draw from each month's members in proportion to their number.

    Args:
        seed: the auditor's.
        members: the population, in its order.
        count: how many to draw in all.

    Raises:
        FormatError: no seed, or a number below 0.
    """
    check_seed(seed)
    strata = months(members)
    found = []
    shares = apportion({month: len(those) for month, those in strata.items()}, count)
    for month, positions in strata.items():
        found += [
            Draw(number, positions[at], month)
            for number, at, _ in _draw(f"{seed}:{month}", len(positions), shares[month])
        ]
    return found


def apportion(sizes: dict[str, int], count: int) -> dict[str, int]:
    """Divide a sample among strata: whole parts, then the largest remainders.

    Of equal remainders the earlier stratum's comes first.

    >>> apportion({"2026-01": 10, "2026-02": 20, "2026-03": 3}, 5)
    {'2026-01': 2, '2026-02': 3, '2026-03': 0}
    """
    total = sum(sizes.values())
    if count >= total:
        return dict(sizes)
    shares = {name: count * size // total for name, size in sizes.items()}
    first = sorted(sizes, key=lambda name: (-(count * sizes[name] % total), name))
    for name in first[: count - sum(shares.values())]:
        shares[name] += 1
    return shares


def _draw(seed: str, size: int, count: int) -> list[Draw]:
    if not 0 <= size <= MAX_POPULATION or count < 0:
        raise FormatError(f"{count} of {size} cannot be drawn: no number is below 0")
    if count >= size:
        return [Draw(0, position) for position in range(size)]
    limit = _SPAN - _SPAN % size
    drawn: dict[int, Draw] = {}
    number = 0
    while len(drawn) < count:
        number += 1
        hashed = sha256(f"{seed}:{number}".encode("ascii")).digest()
        value = int.from_bytes(hashed, "big")
        if value < limit:
            drawn.setdefault(value % size, Draw(number, value % size))
    return list(drawn.values())
