"""Redaction: secrets leave an event before it is written, for a trail keeps for ever.

Guarantees: `Redactor.redact` returns a copy of a JSON-like value, at any depth,
without what a secret name announces (`secret_names`) or what has a secret's shape
(`secret_shapes`), in values, in keys and in numbers, together with the RFC 6901
pointers of what was changed. A secret becomes the text ``[redacted]``, a card number
its first six and last four digits. Redacting twice changes nothing more. No input
takes more than time linear in its size.

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
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from prooftrail.capture import cards
from prooftrail.capture.assignments import MARK
from prooftrail.capture.secret_names import MAX_NAME, Kind, SecretNames, identifies
from prooftrail.capture.secret_shapes import cut_secrets, is_routine, is_suspect
from prooftrail.core import normal
from prooftrail.core.jcs import NUMBER_TOKEN
from prooftrail.errors import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# More than an event of 256 KiB can hold; a value that contains itself has no end.
MAX_CONTAINERS = 200_000

_MAX_TEXTS = 2_048
_MAX_REMEMBERED = 200  # characters

_PLAIN: Final = Kind.PLAIN
_SCALAR_SECRET: Final = frozenset(
    {Kind.SECRET, Kind.COUNTABLE, Kind.CREDENTIALS, Kind.OPEN}
)
_WHOLE: Final = frozenset({Kind.SECRET, Kind.COUNTABLE})
_MASKED = re.compile(
    r"[*•xX.]{3,}|HIDDEN_DUE_TO_SECURITY_REASONS|<?sensitiveDataRemoved>?"
)
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]*:[^\s\"']*")
_CARD_VALUE = re.compile(rf"[0-9](?:[{cards.SEPARATORS}]?[0-9]){{11,18}}")
_INTEGRAL = re.compile(r"[0-9]+\.0+")  # as a table's column of numbers gives it
_INTEGER_CARD: Final = range(10**14, 10**16)  # 15 or 16 digits

# The way from the root: (way to the parent, key or index); None at the root.
_Way: TypeAlias = "tuple[_Way, str | int] | None"
# A container still to be copied: source, copy, way, whether it stands under a name
# like `credentials`, whether it stands in a list. A bare tuple: this is the hot path.
_Work: TypeAlias = tuple[Any, Any, _Way, bool, bool]


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
        # Keys without a shape, and short texts that came lately and hold no secret:
        # events repeat both. Secrets are never kept here.
        self._keys: dict[str, Kind] = {}
        self._clean: set[str] = set()

    @property
    def stated(self) -> list[list[str]]:
        """The names that are the application's own: secret ones, harmless ones."""
        return self._names.stated

    def redact(self, value: object) -> tuple[Any, list[str]]:
        """Return a copy without secrets, and the pointers of what was changed.

        Raises:
            EventError: more than 200,000 containers, or one that holds itself.

        >>> Redactor().redact({"user": "ann", "password": "hunter2"})
        ({'user': 'ann', 'password': '[redacted]'}, ['/password'])
        """
        run = _Run(self._names, self._keys, self._clean)
        root = run.copied(value, None)
        run.finish()
        return root, [_pointer(way) for way in run.changed]

    def text(self, text: str) -> str:
        """Return a single text without the shapes of secrets."""
        return cut_secrets(text, self._names)


class _Run:
    """One redaction: what is still to be done, and what was changed."""

    def __init__(
        self, names: SecretNames, keys: dict[str, Kind], clean: set[str]
    ) -> None:
        self._names = names
        self._keys = keys
        self._clean = clean
        self._work: list[_Work] = []
        self.changed: list[_Way] = []

    def finish(self) -> None:
        for work in self._work:  # grows while it runs: breadth first, no recursion
            if type(work[1]) is dict:
                self._dict(work)
            else:
                self._list(work)
            if len(self._work) > MAX_CONTAINERS:
                raise EventError(
                    f"the event holds more than {MAX_CONTAINERS} lists and objects, or "
                    "one that contains itself: record a summary"
                )

    def copied(
        self, value: object, way: _Way, *, strict: bool = False, listed: bool = False
    ) -> object:
        """Return a scalar redacted by its shape, or an empty copy to be filled."""
        if isinstance(value, str):
            return self._text(value, way)
        if isinstance(value, dict | list | tuple):
            return self._container(value, way, strict=strict, listed=listed)
        # True and False are integers, too small to be a card.
        if isinstance(value, int) and value in _INTEGER_CARD:
            return self._number(value, str(value), way)
        return value

    def _container(
        self,
        value: dict[Any, Any] | list[Any] | tuple[Any, ...],
        way: _Way,
        *,
        strict: bool,
        listed: bool,
    ) -> object:
        if isinstance(value, dict):
            token = value.get("$number") if len(value) == 1 else None
            if isinstance(token, str) and NUMBER_TOKEN.fullmatch(token):
                return self._number(value, token, way)
        copy: Any = {} if isinstance(value, dict) else []
        self._work.append((value, copy, way, strict, listed))
        return copy

    def _text(self, value: str, way: _Way) -> str:
        if is_routine(value):
            return value
        if not is_suspect(value):
            self._remember(value)
            return value
        clean = cut_secrets(value, self._names)
        if clean != value:
            self.changed.append(way)
        return clean

    def _remember(self, text: str) -> None:
        if len(text) <= _MAX_REMEMBERED:
            if len(self._clean) >= _MAX_TEXTS:
                self._clean.clear()
            self._clean.add(text)

    def _number(self, value: object, token: str, way: _Way) -> object:
        """Return a number as it is, or the mask where it is a card's."""
        whole = token.partition(".")[0] if _INTEGRAL.fullmatch(token) else token
        masked = cards.mask_all(whole)
        if masked == whole:
            return dict(value) if isinstance(value, dict) else value
        self.changed.append(way)
        return masked

    def _dict(self, work: _Work) -> None:
        source, copy, above, strict, _ = work
        known = self._keys
        clean = self._clean
        beside: list[
            tuple[str, Any]
        ] = []  # values that a name beside them may announce
        announced = False
        for key, value in source.items():
            kind = known.get(key)
            # The usual case first: a harmless name over a text seen before, or a
            # value that cannot hide anything.
            if kind is _PLAIN and not strict:
                if (type(value) is str and value in clean) or value is None:
                    copy[key] = value
                else:
                    copy[key] = self.copied(value, (above, key))
                continue
            name = key
            if kind is None:
                kind, name = self._kind(key, work)
            if kind is Kind.VALUES:
                copy[name] = None  # holds the place
                beside.append((name, value))
                continue
            if kind is Kind.NAMES and isinstance(value, str):
                announced = announced or self._names.kind(value) in _SCALAR_SECRET
            copy[name] = self._named(value, kind, key, (above, name), strict=strict)
        for name, value in beside:
            kind = Kind.SECRET if announced else Kind.VALUES
            copy[name] = self._named(value, kind, name, (above, name), strict=strict)

    def _kind(self, key: object, work: _Work) -> tuple[Kind, Any]:
        """Return what a new key says, and the key without a secret of its own."""
        if not isinstance(key, str):
            return Kind.PLAIN, key
        kind = self._names.kind(key)
        if is_suspect(key):
            clean = cut_secrets(key, self._names)
            if clean != key:
                return kind, self._clean_key(clean, work)
        elif len(key) <= MAX_NAME:
            if len(self._keys) >= _MAX_TEXTS:
                self._keys.clear()
            self._keys[key] = kind
        return kind, key

    def _clean_key(self, clean: str, work: _Work) -> str:
        source, copy, above, _, _ = work
        unique, count = clean, 1
        while unique in copy or unique in source:
            count += 1
            unique = f"{clean} ({count})"
        self.changed.append((above, unique))
        return unique

    def _named(
        self, value: object, kind: Kind, key: object, way: _Way, *, strict: bool
    ) -> object:
        """Return the value under a name that says something of it."""
        if kind is Kind.OPEN and isinstance(value, list | tuple):
            return self._listed_open(value, way)
        container = isinstance(value, dict | list | tuple)
        if kind in _WHOLE or (kind in _SCALAR_SECRET and not container):
            return self._hidden(value, kind, way)
        if kind is Kind.CARD and (masked := _card_value(value)) is not None:
            self.changed.append(way)
            return masked
        if strict and not container and not identifies(str(key)):
            return self._hidden(value, Kind.SECRET, way)
        return self.copied(value, way, strict=strict or kind is Kind.CREDENTIALS)

    def _listed_open(self, value: list[Any] | tuple[Any, ...], way: _Way) -> object:
        """Return a list under a name like `authorization`: texts in it go."""
        hidden = [
            self._hidden(item, Kind.SECRET, (way, index))
            if isinstance(item, str)
            else item
            for index, item in enumerate(value)
        ]
        return self.copied(hidden, way)

    def _hidden(self, value: object, kind: Kind, way: _Way) -> object:
        if value is None or isinstance(value, bool) or normal.is_protected(value):
            return value
        if isinstance(value, str):
            if not value or value == MARK or _MASKED.fullmatch(value):
                return value
            if _ARN.fullmatch(value):
                return self._text(value, way)
        elif kind is Kind.COUNTABLE and isinstance(value, int | float):
            return self.copied(value, way)
        elif isinstance(value, dict | list | tuple) and not value:
            return value
        self.changed.append(way)
        return MARK

    def _list(self, work: _Work) -> None:
        source, copy, above, strict, listed = work
        pair = listed and len(source) == 2  # noqa: PLR2004  name and value
        announced = False
        for index, value in enumerate(source):
            way = (above, index)
            if isinstance(value, str):
                hide = announced or strict
                # A flag of a command line announces the next item, and so does the
                # first of two in a list of pairs (headers are written so).
                announced = (
                    not announced
                    and (value[:1] == "-" or (pair and index == 0))
                    and self._names.kind(value) in _SCALAR_SECRET
                )
                copy.append(
                    self._hidden(value, Kind.SECRET, way)
                    if hide
                    else self._text(value, way)
                )
            elif strict and not isinstance(value, dict | list | tuple):
                copy.append(self._hidden(value, Kind.SECRET, way))
            else:
                copy.append(self.copied(value, way, strict=strict, listed=True))


def _card_value(value: object) -> str | None:
    """Return what is left of a card number under its own name, None for another."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    known = isinstance(value, str) or 0 <= value < 10**19
    text = cards.in_ascii(str(value)) if known else ""
    return cards.mask(text) if _CARD_VALUE.fullmatch(text) else None


def _pointer(way: _Way) -> str:
    """Write a way as an RFC 6901 pointer."""
    return "".join(f"/{step}" for step in reversed([*_steps(way)]))


def _steps(way: _Way) -> Iterator[str]:
    while way is not None:
        way, step = way
        yield str(step).replace("~", "~0").replace("/", "~1")
