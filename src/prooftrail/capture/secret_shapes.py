"""Which texts hold a secret whatever they stand under, and how it is cut out.

Guarantees: `cut_secrets` removes private keys (PEM), JWTs, AWS session tokens and
the tokens of well-known services, ``Bearer`` and ``Basic`` credentials, passwords in
URLs (``postgres://u:p@h``), and values of secret names inside a text
(``?token=...``, ``password='...'``, ``{"pin": 1}``, ``--password x``, ``Cookie: ...``,
``<password>x</password>``);
card numbers are masked. The rest of the text stays. Time is linear in the length:
no pattern here can go back over what it has read.

Does not: know secrets without a shape (a bare random word), and reads no encoded or
compressed text. ``secret:read`` is the name of a permission and ``arn:...:secret:...``
that of a resource: a colon without a blank or a quote around it assigns nothing.

Source: the token formats that the services publish; RFC 6750, RFC 7617, RFC 3986.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final

from prooftrail.capture import cards
from prooftrail.capture.assignments import MARK, cut_assignments, cut_flags, may_assign
from prooftrail.capture.elements import cut_below, cut_elements

if TYPE_CHECKING:
    from prooftrail.capture.secret_names import SecretNames

__all__ = ["MARK", "cut_secrets", "is_routine", "is_suspect"]

# What was cut can show a shape that it hid; rare texts need a second or third look.
_ROUNDS = 8

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")

# The two texts that no two events share: an id and a time.
_ROUTINE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z"
)
_ROUTINE_SIZES: Final = range(20, 37)  # characters

_TOKENS = re.compile(
    r"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu|FQoGZXIvYXdz|FQoDYXdz|AgoJb3JpZ2lu)"
    r"[A-Za-z0-9+/=%_-]{16,}+"  # AWS session token, also URL-encoded
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){2,4}"  # JWT, JWE
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_[A-Za-z0-9_]{20,}+"
    r"|xox[a-z]-[A-Za-z0-9-]{15,}+|xapp-[A-Za-z0-9-]{15,}+"
    r"|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{8,}+"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{12,}+|whsec_[A-Za-z0-9+/=]{16,}+"
    r"|(?<![A-Za-z0-9])sk-(?:(?:ant|proj|svcacct|or)-[A-Za-z0-9_-]{16,}+"
    r"|[A-Za-z0-9]{32,}+)"
    r"|AIza[A-Za-z0-9_-]{30,}+|ya29\.[A-Za-z0-9_-]{20,}+"
    r"|glpat-[A-Za-z0-9_-]{16,}+|npm_[A-Za-z0-9]{30,}+|pypi-[A-Za-z0-9_-]{40,}+"
    r"|hf_[A-Za-z0-9]{30,}+|hv[sb]\.[A-Za-z0-9_-]{20,}+"
    r"|SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+"
    r"|dop_v1_[0-9a-f]{40,}+|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32,}+"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{40,}+|pt[kis]_[A-Za-z0-9_-]{40,}+"
)
# Beside an access key id, forty such characters are its secret half.
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_MIXED = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^0-9/+]*[0-9/+])")

# Every token has so many characters in a row; most texts have not.
_RUN = re.compile(r"[A-Za-z0-9_.+/=%-]{20}")
# Of a token that has an underscore, the letters before it.
_UNDERSCORED = re.compile(
    r"(?:gh[pousr]|github_pat|[rs]k_(?:live|test)|whsec|npm|hf|dop_v1|shp[acst]{2}|pt[kis])_"
)
_SCHEME = re.compile(
    r"(?<![A-Za-z])(?:([Bb]earer|BEARER)|[Bb]asic|BASIC|[Nn]egotiate|NEGOTIATE)"
    r" {1,3}+([A-Za-z0-9._~+/-]++=*+)"
)
_PROSE = re.compile(r"[A-Z]?[a-z]{0,19}[.]?")  # "Bearer authentication failed."
_STRICT_URL = re.compile(r"""(://[^\s/?#"'<>@:]*+:)([^\s/?#"'<>]*)@""")
# A password that holds a raw slash; a port is none.
_LOOSE_URL = re.compile(
    r"""(://[^\s/?#"'<>@:]*+:)(?![0-9]{1,5}(?:[/?#]|$))([^\s"'<>@]{1,256}+)@"""
)


def is_routine(text: str) -> bool:
    """Return whether a text is an id or a time, which hide nothing."""
    return len(text) in _ROUTINE_SIZES and _ROUTINE.fullmatch(text) is not None


def is_suspect(text: str) -> bool:
    """Return whether a text could hold any shape: quick, and never wrongly False."""
    size = len(text)
    if size < 5:  # noqa: PLR2004  shorter than `pw=ab`
        return False
    if (
        "=" in text
        or "%3" in text
        or (":" in text and ("://" in text or may_assign(text)))
    ):
        return True
    if (" " in text and _may_announce(text)) or "</" in text:
        return True
    if "\n" in text and ":" in text:
        return True
    if size < cards.MIN_DIGITS:
        return False
    return _has_marker(text) or cards.may_hold(text)


def _may_announce(text: str) -> bool:
    return (
        " -" in text
        or "--" in text
        or text[0] == "-"
        or "earer " in text
        or "asic " in text
        or "egotiate " in text
        or "EARER " in text
        or "ASIC " in text
        or "EGOTIATE " in text
    )


def _has_marker(text: str) -> bool:
    return "-----BEGIN" in text or (_RUN.search(text) is not None and _has_prefix(text))


def _has_prefix(text: str) -> bool:
    return (
        "eyJ" in text
        or "sk-" in text
        or "xox" in text
        or "xapp-" in text
        or "hooks.slack" in text
        or "AIza" in text
        or "ya29." in text
        or "glpat-" in text
        or "pypi-" in text
        or "hvs." in text
        or "hvb." in text
        or "SG." in text
        or "AGE-SECRET" in text
        or "FwoG" in text
        or "IQoJ" in text
        or "FQo" in text
        or "AgoJ" in text
        or "AKIA" in text
        or "ASIA" in text
        or ("_" in text and _UNDERSCORED.search(text) is not None)
    )


def cut_secrets(text: str, names: SecretNames) -> str:
    """Return `text` without its secrets; the same object where there is none."""
    for _ in range(_ROUNDS):
        if not is_suspect(text):
            return text
        clean = _cut_once(text, names)
        if clean == text:
            return text
        text = clean
    return text


def _cut_once(text: str, names: SecretNames) -> str:
    found = text
    if "-----BEGIN " in found:
        found = _cut_keys(found)
    if "://" in found and "@" in found:
        found = _LOOSE_URL.sub(_cut_userinfo, found)
        found = _STRICT_URL.sub(_cut_userinfo, found)
    if _has_marker(found):
        found = _TOKENS.sub(MARK, found)
        if "AKIA" in found or "ASIA" in found:
            found = _AWS_SECRET.sub(_cut_aws_secret, found)
    found = cut_assignments(found, names)
    if "</" in found:
        found = cut_elements(found, names)
    if "\n" in found:
        found = cut_below(found, names)
    if " " in found:
        found = _SCHEME.sub(_cut_scheme, found)
        if "-" in found:
            found = cut_flags(found, names)
    return cards.mask_all(found)


def _cut_keys(text: str) -> str:
    parts: list[str] = []
    done = 0
    while begin := _PEM.search(text, done):
        end = _PEM_END.search(text, begin.end())
        parts += text[done : begin.start()], MARK
        done = end.end() if end else len(text)  # a cut-off key is a key
    return "".join((*parts, text[done:]))


def _cut_userinfo(found: re.Match[str]) -> str:
    return f"{found[1]}{MARK}@" if found[2] else found[0]


def _cut_aws_secret(found: re.Match[str]) -> str:
    return MARK if _MIXED.match(found[0]) else found[0]


def _cut_scheme(found: re.Match[str]) -> str:
    bearer, secret = found.groups()
    whole = found.start() == 0 and found.end() == len(found.string)
    if secret.lower() in ("token", "tokens", "auth", "authentication"):
        return found[0]
    if bearer and not whole and _PROSE.fullmatch(secret):
        return found[0]
    if not bearer and not _is_basic(secret):
        return found[0]
    return f"{found[0][: -len(secret)]}{MARK}"


def _is_basic(secret: str) -> bool:
    """Return whether a text is the base64 of ``user:password`` or a ticket."""
    if len(secret) >= 64:  # noqa: PLR2004  Negotiate sends tickets without a colon
        return True
    try:
        return b":" in b64decode(secret + "=" * (-len(secret) % 4), validate=True)
    except ValueError:
        return False
