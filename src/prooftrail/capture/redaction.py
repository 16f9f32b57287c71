"""Redaction: secrets leave an event before it is written, for a trail keeps for ever.

Guarantees: `redact` returns a copy of a JSON-like value, at any depth, without what a
secret name announces (`secret_names`) or what has a secret's shape (`secret_shapes`),
in values, in keys and in numbers, together with the RFC 6901 pointers of what was
changed. A secret becomes the text ``[redacted]``, a card number its first six and
last four digits. Redacting twice changes nothing more. No input takes more than
time linear in its size.

What stays: true, false and null; ARNs; masks that others left (``****``,
``HIDDEN_DUE_TO_SECURITY_REASONS``); `$protected` objects, which hold a commitment.
An integer is masked where it is a card number of 15 or 16 digits, or stands under a
card's name (``card_number``) with 12 to 19 digits.

Does not: convert values. What is no str, number, dict, list or tuple passes as it is
(but goes under a secret name), so redact after `core.normal.plain`, not before it.
It is a net below the application, not a permission to pass secrets.

Source: design, "capture"; OWASP Logging Cheat Sheet; PCI DSS 4.0, 3.4.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from prooftrail.capture import cards
from prooftrail.capture.secret_names import Kind, SecretNames, identifies
from prooftrail.capture.secret_shapes import MARK, cut_secrets, is_suspect
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_CONTAINERS = 1_000_000  # a value that contains itself has no end

_SCALAR_SECRET: Final = frozenset(
    {Kind.SECRET, Kind.COUNTABLE, Kind.CREDENTIALS, Kind.OPEN}
)
_WHOLE: Final = frozenset({Kind.SECRET, Kind.COUNTABLE})
_MASKED = re.compile(r"[*•xX.]{3,}|HIDDEN_DUE_TO_SECURITY_REASONS|<?sensitiveDataRemoved>?")
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]*:[^\s\"']*")
_CARD_VALUE = re.compile(r"[0-9](?:[ -]?[0-9]){11,18}")
_COMMITMENT = re.compile(r"sha256:[0-9a-f]{64}")
_INTEGER_CARD: Final = range(10**14, 10**16)  # 15 or 16 digits

# The way from the root: (way to the parent, key or index); None at the root.
_Way: TypeAlias = "tuple[_Way, str | int] | None"


class _Work(NamedTuple):
    """A container that is still to be copied."""

    source: Any
    copy: Any
    way: _Way
    credentials: bool  # whether it stands under a name like `credentials`
    listed: bool  # whether it stands in a list


class Redactor:
    """Redacts by the built-in names and those of the application.

    Args:
        extra_names: names whose values are secret in this application.
        harmless_names: names that only look secret, such as ``clientToken``.

    Safe to be shared by threads.
    """

    def __init__(
        self, *, extra_names: Iterable[str] = (), harmless_names: Iterable[str] = ()
    ) -> None:
        self._names = SecretNames(extra_names, harmless_names)

    def redact(self, value: object) -> tuple[Any, list[str]]:
        """Return a copy without secrets, and the pointers of what was changed.

        Raises:
            EventError: more than a million containers, or one that holds itself.

        >>> Redactor().redact({"user": "ann", "password": "hunter2"})
        ({'user': 'ann', 'password': '[redacted]'}, ['/password'])
        """
        run = _Run(self._names)
        root = run.copied(value, None)
        run.finish()
        return root, [_pointer(way) for way in run.changed]

    def text(self, text: str) -> str:
        """Return a single text without the shapes of secrets."""
        return cut_secrets(text, self._names)


class _Run:
    """One redaction: what is still to be done, and what was changed."""

    def __init__(self, names: SecretNames) -> None:
        self._names = names
        self._work: list[_Work] = []
        self.changed: list[_Way] = []

    def finish(self) -> None:
        for work in self._work:  # grows while it runs: breadth first, no recursion
            if type(work.copy) is dict:
                self._dict(work)
            else:
                self._list(work)
            if len(self._work) > MAX_CONTAINERS:
                raise EventError(
                    f"the event holds more than {MAX_CONTAINERS} lists and objects, or "
                    "one that contains itself: record a summary"
                )

    def copied(
        self, value: object, way: _Way, *, credentials: bool = False, listed: bool = False
    ) -> object:
        """Return a scalar redacted by its shape, or an empty copy to be filled."""
        kind = type(value)
        if kind is str or isinstance(value, str):
            if not is_suspect(value):
                return value
            clean = cut_secrets(value, self._names)
            if clean == value:
                return value
            self.changed.append(way)
            return clean
        if kind is bool or value is None:
            return value
        if kind is dict or isinstance(value, dict):
            return self._copied_dict(value, way, credentials=credentials)
        if isinstance(value, list | tuple):
            copy: list[object] = []
            self._work.append(_Work(value, copy, way, credentials, listed))
            return copy
        if kind is int and value in _INTEGER_CARD and cards.is_card(str(value)):
            self.changed.append(way)
            return cards.mask(str(value))
        return value

    def _copied_dict(
        self, value: dict[Any, Any], way: _Way, *, credentials: bool
    ) -> object:
        token = value.get("$number") if len(value) == 1 else None
        if isinstance(token, str):
            if cards.mask_all(token) != token:
                self.changed.append(way)
                return cards.mask_all(token)
            return dict(value)
        copy: dict[Any, Any] = {}
        self._work.append(_Work(value, copy, way, credentials, listed=False))
        return copy

    def _dict(self, work: _Work) -> None:
        copy = work.copy
        kind_of = self._names.kind
        naming = False
        for key, value in work.source.items():
            if isinstance(key, str):
                kind = kind_of(key)
                name = key if not is_suspect(key) else self._clean_key(key, work)
            else:
                kind, name = Kind.PLAIN, key
            if kind is Kind.PLAIN and not work.credentials:
                copy[name] = self.copied(value, (work.way, name))
            else:
                naming |= (
                    kind is Kind.NAMES
                    and isinstance(value, str)
                    and kind_of(value) in _SCALAR_SECRET
                )
                copy[name] = self._named(value, kind, key, (work.way, name), work)
        if naming:
            self._hide_values(work)

    def _clean_key(self, key: str, work: _Work) -> str:
        clean = cut_secrets(key, self._names)
        if clean == key:
            return key
        unique, count = clean, 1
        while unique in work.copy or unique in work.source:
            count += 1
            unique = f"{clean} ({count})"
        self.changed.append((work.way, unique))
        return unique

    def _named(
        self, value: object, kind: Kind, key: object, way: _Way, work: _Work
    ) -> object:
        """Return the value under a name that says something of it."""
        if kind in _WHOLE or (
            kind in _SCALAR_SECRET and not isinstance(value, dict | list | tuple)
        ):
            return self._hidden(value, kind, way)
        if kind is Kind.CARD and (clean := _card_value(value)) is not None:
            self.changed.append(way)
            return clean
        inside = work.credentials or kind is Kind.CREDENTIALS
        if (
            work.credentials
            and not isinstance(value, dict | list | tuple)
            and not identifies(str(key))
        ):
            return self._hidden(value, Kind.SECRET, way)
        return self.copied(value, way, credentials=inside)

    def _hidden(self, value: object, kind: Kind, way: _Way) -> object:
        if value is None or isinstance(value, bool) or _is_protected(value):
            return value
        if isinstance(value, str):
            if not value or value == MARK or _MASKED.fullmatch(value):
                return value
            if _ARN.fullmatch(value):
                return self.copied(value, way)
        elif kind is Kind.COUNTABLE and isinstance(value, int | float):
            return value
        elif isinstance(value, dict | list | tuple) and not value:
            return value
        self.changed.append(way)
        return MARK

    def _hide_values(self, work: _Work) -> None:
        """Hide what stands beside the name of a secret: `{"name":, "value":}`."""
        for key in work.copy:
            if isinstance(key, str) and self._names.kind(key) is Kind.VALUES:
                way = (work.way, key)
                hidden = self._hidden(work.source[key], Kind.SECRET, way)
                if hidden == MARK:
                    self._forget(work.copy[key])
                    work.copy[key] = MARK

    def _forget(self, copy: object) -> None:
        """Drop a container whose copy is not wanted any more."""
        self._work[:] = [work for work in self._work if work.copy is not copy]

    def _list(self, work: _Work) -> None:
        after: Kind = Kind.PLAIN
        for index, value in enumerate(work.source):
            way = (work.way, index)
            if after in _SCALAR_SECRET and isinstance(value, str):
                work.copy.append(self._hidden(value, Kind.SECRET, way))
                after = Kind.PLAIN
                continue
            after = self._announced(value, index, work)
            if work.credentials and not isinstance(value, dict | list | tuple):
                work.copy.append(self._hidden(value, Kind.SECRET, way))
            else:
                work.copy.append(
                    self.copied(
                        value, way, credentials=work.credentials, listed=True
                    )
                )

    def _announced(self, value: object, index: int, work: _Work) -> Kind:
        """Return what an item says of the next one.

        A flag of a command line does (``["--password", "x"]``), and so does the first
        of two in a list of pairs (``[["authorization", "x"]]``).
        """
        if not isinstance(value, str):
            return Kind.PLAIN
        pair = work.listed and index == 0 and len(work.source) == 2  # noqa: PLR2004
        return self._names.kind(value) if pair or value[:1] == "-" else Kind.PLAIN


def _card_value(value: object) -> str | None:
    """Return what is left of a card number under its own name, None for another."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value) if isinstance(value, str) or 0 <= value < 10**19 else ""
    return cards.mask(text) if _CARD_VALUE.fullmatch(text) else None


def _is_protected(value: object) -> bool:
    inner = value.get("$protected") if isinstance(value, dict) else None
    if not isinstance(inner, dict) or not isinstance(value, dict) or len(value) != 1:
        return False
    commitment = inner.get("commitment")
    return (
        inner.keys() <= {"class", "commitment", "subject"}
        and isinstance(commitment, str)
        and _COMMITMENT.fullmatch(commitment) is not None
    )


def _pointer(way: _Way) -> str:
    """Write a way as an RFC 6901 pointer."""
    return "".join(f"/{step}" for step in reversed([*_steps(way)]))


def _steps(way: _Way) -> Iterator[str]:
    while way is not None:
        way, step = way
        yield str(step).replace("~", "~0").replace("/", "~1")


_DEFAULT: Final = Redactor()


def redact(value: object) -> tuple[Any, list[str]]:
    """Redact by the built-in names alone: see `Redactor.redact`."""
    return _DEFAULT.redact(value)
