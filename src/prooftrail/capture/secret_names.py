"""Which names announce a secret: ``password``, ``X-Api-Key``, ``clientSecret``.

Guarantees: case, dashes, underscores, dots, camelCase and the Unicode width of
letters make no difference, and the head of a name decides (in English it stands
last), so that ``tokenType``, ``secretId``, ``passwordLastChanged`` and ``keyId``
remain: they describe a secret and are none. ``sessionId`` remains too: the event's
own key of that name holds a keyed hash.

Does not: know every product's field names. An application passes its own as
`extra`; names that only look secret to it go into `harmless`.

Source: OWASP Logging Cheat Sheet ("Data to exclude"); the house's own corpus in
`tests/test_redaction.py`.
"""

from __future__ import annotations

import re
import unicodedata
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from prooftrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAME = 128  # characters of a name that are looked at, from its end
_MAX_CACHED = 4_096  # names remembered; a hostile caller must not fill the memory


class Kind(IntEnum):
    """What a name says of the value that stands under it."""

    PLAIN = 0  # nothing
    SECRET = 1  # whatever stands there goes, containers whole
    COUNTABLE = 2  # as SECRET, but a number is a count (`tokens: 512`)
    CREDENTIALS = 3  # a scalar goes; inside a container only identifiers stay
    OPEN = 4  # a text goes; a container is looked at member by member
    CARD = 5  # a payment card number: first six and last four stay
    NAMES = 6  # its text names what stands beside it (`{"name": ..., "value": ...}`)
    VALUES = 7  # the value that such a name announces


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SECRET: Final = _set(
    """
    password passwords passwd pwd pw psw pass passphrase passcode passwort kennwort
    contraseña contrasena senha motdepasse mdp
    secret secrets token jwt bearer otp totp hotp pin pincode cvv cvv2 cvc cvc2 csc
    cvn cvvnumber cvcnumber pinnumber verificationvalue cardverificationvalue
    track1 track2 trackdata track1data track2data
    cvvcode cvccode cardcode mfacode mfatoken otpcode totpcode hotpcode twofactorcode
    2facode tfacode verificationcode securitycode backupcode backupcodes recoverycode
    recoverycodes scratchcodes onetimecode smscode authcode authorizationcode
    accesscode resetcode devicecode usercode codeverifier securityanswer secretanswer
    totpseed otpseed mnemonic seedphrase recoveryphrase
    apikey apikeys secretkey secretkeys privatekey privatekeys encryptionkey
    decryptionkey signingkey masterkey sharedkey accountkey sessionkey storagekey
    authkey hmackey aeskey symmetrickey customerkey webhookkey licensekey wrappingkey
    datakey keymaterial privkey sshprivatekey
    cookie cookies setcookie proxyauthorization basicauth proxyauth httpauth
    jsessionid phpsessid aspnetsessionid connectsid
    connectionstring connectionstrings connstring connstr conninfo
    xamzsignature
    """
)
_COUNTABLE: Final = frozenset({"tokens", "pass"})
_CREDENTIALS: Final = frozenset(
    {"credential", "credentials", "creds", "accesskey", "accesskeys"}
)
_OPEN: Final = frozenset({"authorization", "session"})
_CARD: Final = _set(
    "pan card cardnumber cardno cardnum cc ccnumber ccnum creditcard debitcard "
    "creditcardnumber paymentcard primaryaccountnumber"
)
# A word of its own only in glued lower case: "dbpassword", "myapikey".
_GLUED: Final = (
    "password", "passwd", "passphrase", "secret", "token", "apikey", "privatekey",
    "secretkey", "accesskey", "credential", "credentials",
)  # fmt: skip
# Numbering and packaging behind the head: `password2`, `tokenValue`, `secretString`.
_PACKAGING: Final = _set(
    "value values text plain plaintext raw string confirm confirmation again repeat "
    "repeated retype verify verification new old current previous base64 b64 encoded "
    "encrypted hex header data bytes binary pem json material env"
)
# What is left of a password can be used to find it.
_LEFTOVERS: Final = frozenset({"hash", "digest", "salt", "hint", "crypt"})
_PASSWORDS: Final = frozenset({"password", "passwords", "passwd", "pwd", "pin"})
_HARMLESS: Final = _set(
    "nexttoken prevtoken previoustoken pagetoken nextpagetoken continuationtoken "
    "paginationtoken synctoken idempotencytoken cancellationtoken httptokens "
    "publickey"
)
_NAMES: Final = _set(
    "name key field header attributename parametername parameterkey variable property"
)
_VALUES: Final = _set(
    "value values before after old new oldvalue newvalue from to stringvalue "
    "attributevalue parametervalue content default"
)
# The heads of what identifies or dates a credential without opening anything.
_IDENTIFIES: Final = _set(
    "id arn name username user type kind status state expiration expires expiry "
    "until in at date time email region host issuer audience scope scopes provider "
    "version account label url method algorithm"
)
_WORD = re.compile(r"[A-Z]+(?![a-zß-öø-ÿ])|[A-Z]?[a-zß-öø-ÿ]+|[0-9]+")


def words(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words.

    >>> words("X-Amz-SecurityToken2")
    ('x', 'amz', 'security', 'token', '2')
    """
    text = unicodedata.normalize("NFKC", name[-MAX_NAME:])
    return tuple(word.lower() for word in _WORD.findall(text))


def _is_latin(name: str) -> bool:
    text = unicodedata.normalize("NFKC", name)
    return bool(words(name)) and all(not c.isalpha() or c <= "ÿ" for c in text)


def _letters(name: str) -> str:
    text = unicodedata.normalize("NFKC", name[-MAX_NAME:]).casefold()
    return "".join(c for c in text if c.isalnum())


def identifies(name: str) -> bool:
    """Return whether a name inside credentials is one that may stay."""
    found = words(name)
    return bool(found) and found[-1] in _IDENTIFIES


class SecretNames:
    """The built-in names together with those of the application.

    Args:
        extra: names whose values are secret here, matched like the built-in ones.
        harmless: names that are none here, matched whole; they win.
    """

    def __init__(self, extra: Iterable[str] = (), harmless: Iterable[str] = ()) -> None:
        own = list(extra)
        self._extra = frozenset(_glue(words(name)) for name in own) - {""}
        # of other scripts: matched whole
        self._foreign = frozenset(_letters(name) for name in own if not _is_latin(name))
        if "" in self._foreign:
            raise ConfigurationError(
                "a secret name holds neither a letter nor a digit: write it as it "
                "stands in your data"
            )
        self._harmless = _HARMLESS | {_glue(words(name)) for name in harmless}
        self._known: dict[str, Kind] = {}

    @property
    def stated(self) -> list[list[str]]:
        """The application's own names, as they are matched: secret, harmless."""
        return [sorted(self._extra | self._foreign), sorted(self._harmless - _HARMLESS)]

    def kind(self, name: str) -> Kind:
        """Return what `name` says of its value."""
        found = self._known.get(name)
        if found is None:
            found = self._classify(words(name))
            if self._foreign and _letters(name) in self._foreign:
                found = Kind.SECRET
            if len(name) <= MAX_NAME:
                if len(self._known) >= _MAX_CACHED:
                    self._known.clear()
                self._known[name] = found
        return found

    def _classify(self, found: tuple[str, ...]) -> Kind:
        whole = _glue(found)
        if whole in self._harmless:
            return Kind.PLAIN
        if whole in _NAMES:
            return Kind.NAMES
        if whole in _VALUES:
            return Kind.VALUES if whole not in self._extra else Kind.SECRET
        head = list(found)
        while head:
            kind = self._head(head)
            if kind is not Kind.PLAIN:
                return kind
            last = head.pop()
            if not (
                last.isdigit()
                or last in _PACKAGING
                or (last in _LEFTOVERS and head and head[-1] in _PASSWORDS)
            ):
                break
        return Kind.PLAIN

    def _head(self, found: list[str]) -> Kind:
        if self._extra and any(
            _glue(found[start:]) in self._extra for start in range(len(found))
        ):
            return Kind.SECRET
        for start in range(max(0, len(found) - 3), len(found)):
            kind = _TABLE.get(_glue(found[start:]))
            if kind is not None:
                return kind
        if found[-1].endswith(_GLUED):
            glued = found[-1].endswith(("credential", "credentials", "accesskey"))
            return Kind.CREDENTIALS if glued else Kind.SECRET
        return Kind.PLAIN


def _glue(found: Iterable[str]) -> str:
    return "".join(found)


_TABLE: Final = (
    dict.fromkeys(_SECRET, Kind.SECRET)
    | dict.fromkeys(_COUNTABLE, Kind.COUNTABLE)
    | dict.fromkeys(_CREDENTIALS, Kind.CREDENTIALS)
    | dict.fromkeys(_OPEN, Kind.OPEN)
    | dict.fromkeys(_CARD, Kind.CARD)
)
