"""AWS CloudTrail: from log files to events.

Guarantees: each record becomes one event that says who, what, on what and with which
outcome in Prooftrail's own keys, and keeps the rest of the record as AWS wrote it
under `details`: nothing is lost but secrets. The same record gives the same event
every time, so that a second import adds nothing. Numbers keep their spelling
(``1.688560107857E9`` becomes ``{"$number": "1.688560107857E9"}``).

    eventID                  eventId, in lower case
    eventTime                timestamp, in UTC
    eventSource, eventName   action `aws.<service>.<EventName>`; they stay too
    userIdentity             actor, see `actor_of`; it stays too
    sourceIPAddress          actor.ipAddress, or actor.host where it is a name
    userAgent                actor.userAgent
    errorCode                result; it stays too
    requestID                context.requestId
    resources, parameters    resource, see `cloudtrail_resource`; they stay too
    all keys that stay       details

Secrets are redacted from the whole record by `capture.redaction`; `details.redacted`
names them by their RFC 6901 pointers into the record. Access key ids stay: they
identify a credential and open nothing. So do the tokens that only make a request
idempotent or page through a list. Record the events through a recorder that uses
`REDACTOR`, or those would go there.

Does not: check the integrity of the files (CloudTrail's digest files do), nor vouch
for what they say.

Source: "CloudTrail record contents" and "CloudTrail userIdentity element", AWS.
"""

from __future__ import annotations

import gzip
import re
import zlib
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, Final

from prooftrail.capture.redaction import Redactor
from prooftrail.core import ids, instants, jcs
from prooftrail.errors import CanonicalError, EventError, ImportFileError
from prooftrail.importers.cloudtrail_resource import resource_of
from prooftrail.importers.imported import Imported, Problem, checked
from prooftrail.importers.records import split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

_CHUNK = 256 * 1024  # bytes read at once
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_MAX_ID = 1_000  # characters, as `core.events` has it

REDACTOR: Final = Redactor(
    extra_names=("userData", "plaintext", "ciphertextForRecipient"),
    harmless_names=("clientToken", "clientRequestToken"),
)

_NOT_ACTION = re.compile(r"[^A-Za-z0-9_-]+")
_DENIED = re.compile(
    r"(?:Client\.|Server\.)?(?:Access_?Denied\w*|Unauthori[sz]ed\w*|NotAuthori[sz]ed\w*"
    r"|AuthorizationError\w*|Forbidden\w*|UserNotAuthori[sz]ed\w*|AuthFailure\w*)"
)
_PEOPLE: Final = frozenset(
    {"IAMUser", "Root", "FederatedUser", "IdentityCenterUser", "Directory"}
    | {"SAMLUser", "WebIdentityUser"}
)


def read_events(path: str | PathLike[str]) -> Iterator[Imported]:
    """Read the events of a CloudTrail file, or what is wrong with its records.

    Args:
        path: ``{"Records": [...]}`` as AWS delivers it, or records one a line;
            compressed by gzip or not.

    Raises:
        ImportFileError: the file cannot be opened or is no JSON.
    """
    for number, record in enumerate(read_records(path), 1):
        event = record if isinstance(record, Problem) else event_of(record)
        outcome = event if isinstance(event, Problem) else checked(event)
        yield Imported(str(path), "record", number, outcome)


def read_records(path: str | PathLike[str]) -> Iterator[dict[str, Any] | Problem]:
    """Read the records of a CloudTrail file as they are.

    Raises:
        ImportFileError: the file cannot be opened or is no JSON.
    """
    begun = False
    try:
        for piece in split(_chunks(path)):
            begun = True
            yield piece if isinstance(piece, Problem) else _parsed(piece)
    except ImportFileError as error:
        if not begun:
            raise
        yield Problem(f"the rest of the file is lost: {error}")


def _parsed(data: bytes) -> dict[str, Any] | Problem:
    try:
        value = jcs.parse(data)
    except CanonicalError as error:
        return Problem(str(error))
    if not isinstance(value, dict):
        return Problem("not an object")
    return value


def _chunks(path: str | PathLike[str]) -> Iterator[bytes]:
    begun = False
    try:
        with open(path, "rb") as raw:  # noqa: PTH123  any path-like
            packed = raw.read(2) == _GZIP
            raw.seek(0)
            stream = gzip.GzipFile(fileobj=raw) if packed else raw
            while chunk := stream.read1(_CHUNK):
                yield chunk if begun else _begin(chunk, path)
                begun = True
    except (OSError, EOFError, zlib.error) as error:
        raise ImportFileError(
            f"{path} cannot be read: {error}. Check the path, its rights and, for a "
            ".gz file, that it was copied whole"
        ) from error


def _begin(chunk: bytes, path: str | PathLike[str]) -> bytes:
    text = chunk.removeprefix(_BOM)
    if not text.lstrip().startswith((b"{", b"[")):
        raise ImportFileError(
            f"{path} is no CloudTrail file: it begins neither with an object nor with "
            "a list. Pass the .json or .json.gz files that CloudTrail delivers"
        )
    return text


def event_of(record: dict[str, Any]) -> dict[str, Any] | Problem:
    """Map one CloudTrail record to an event, or say why it is none."""
    clean, pointers = REDACTOR.redact(record)
    rest: dict[str, Any] = dict(clean)
    for key in ("eventID", "eventTime", "eventSource", "eventName"):
        if _text(rest, key) is None:
            return Problem(f"no {key}")
    name, source = rest["eventName"], rest["eventSource"]
    try:
        event: dict[str, Any] = {
            "eventId": ids.check(rest["eventID"]),
            "timestamp": instants.convert(rest["eventTime"]),
        }
    except EventError as error:
        return Problem(str(error))
    service = _service(source)
    event |= {
        "actor": actor_of(rest, source),
        "action": f"aws.{service}.{_NOT_ACTION.sub('_', name)}",
        "resource": resource_of(rest, service),
        "result": _result(rest, name),
    }
    request = _text(rest, "requestID")
    if request is not None:
        event["context"] = {"requestId": request}
    del rest["eventID"]  # an id's case says nothing
    if event["timestamp"] == rest["eventTime"]:
        del rest["eventTime"]  # with an offset, the original stays in details
    for key in ("sourceIPAddress", "userAgent", "requestID"):
        if _text(rest, key) is not None:
            del rest[key]
    event["details"] = ({"redacted": pointers} if pointers else {}) | rest
    return event


def actor_of(record: dict[str, Any], source: str) -> dict[str, str]:
    """Return who did it.

    `type` is user for people's identities (IAMUser, Root, federated ones), service for
    AWS services and for roles that a service assumed (it invoked the call, or the role
    is a service-linked one or an instance's), user for other assumed roles; it is left
    out where CloudTrail does not say. `userId` is the ARN where there is one, else the
    principal's id, else the service. `role` is the assumed role's name.

    Args:
        record: with `userIdentity`, `sourceIPAddress` and `userAgent`.
        source: the record's eventSource, the last resort.
    """
    identity = record.get("userIdentity")
    identity = identity if isinstance(identity, dict) else {}
    kind = _text(identity, "type")
    actor: dict[str, str] = {}
    found = _kind(identity, kind)
    if found is not None:
        actor["type"] = found
    actor["userId"] = _user_id(identity, kind) or source[:_MAX_ID]
    name = _text(identity, "userName")
    if kind == "AssumedRole":
        name = actor["userId"].rpartition("/")[2]  # the session's name
        role = _role(identity)
        if role is not None:
            actor["role"] = role
    elif kind == "Root":
        actor["role"] = "root"
    if name is not None:
        actor["name"] = name
    address = _text(record, "sourceIPAddress")
    if address is not None:
        actor["ipAddress" if _is_address(address) else "host"] = address
    agent = _text(record, "userAgent")
    if agent is not None:
        actor["userAgent"] = agent
    return actor


def _kind(identity: dict[str, Any], kind: str | None) -> str | None:
    if kind in _PEOPLE:
        return "user"
    if kind == "AssumedRole":
        return "service" if _is_of_service(identity) else "user"
    if kind == "AWSService" or (kind is None and "invokedBy" in identity):
        return "service"
    if identity.get("accountId") == "ANONYMOUS_PRINCIPAL":
        return "anonymous"
    return "service" if kind is None else None


def _is_of_service(identity: dict[str, Any]) -> bool:
    context = identity.get("sessionContext")
    context = context if isinstance(context, dict) else {}
    issuer = context.get("sessionIssuer")
    arn = _text(issuer, "arn") if isinstance(issuer, dict) else None
    return (
        "invokedBy" in identity
        or "ec2RoleDelivery" in context
        or (arn is not None and ":role/aws-service-role/" in arn)
    )


def _role(identity: dict[str, Any]) -> str | None:
    context = identity.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, dict) else None
    name = _text(issuer, "userName") if isinstance(issuer, dict) else None
    if name is None:  # arn:aws:sts::1:assumed-role/NAME/SESSION
        parts = (_text(identity, "arn") or "").split("/")
        return parts[1] if len(parts) > 2 else None  # noqa: PLR2004
    return name


def _user_id(identity: dict[str, Any], kind: str | None) -> str | None:
    keys = ["arn", "principalId", "credentialId", "userName"]
    if kind is None or kind == "AWSService":
        keys.append("invokedBy")
    keys.append("accountId")
    if kind is None:
        keys.remove("accountId")  # it is the account in which a service acted
    for key in keys:
        found = _text(identity, key)
        if found is not None and len(found) <= _MAX_ID:
            return found
    return None


def _result(record: dict[str, Any], name: str) -> str:
    code = record.get("errorCode")
    if isinstance(code, str) and code:
        return "denied" if _DENIED.fullmatch(code) else "failure"
    # A sign-in says so in its response: {"ConsoleLogin": "Failure"}.
    response = record.get("responseElements")
    answer = response.get(name) if isinstance(response, dict) else None
    return "failure" if answer == "Failure" or record.get("errorMessage") else "success"


def _service(source: str) -> str:
    """Return the service of an event source.

    >>> _service("resource-explorer-2.amazonaws.com")
    'resource-explorer-2'
    """
    short = source.removesuffix(".cn").removesuffix(".amazonaws.com")
    return _NOT_ACTION.sub("-", short).strip("-") or "unknown"


def _text(found: dict[str, Any], key: str) -> str | None:
    value = found.get(key)
    return value if isinstance(value, str) and value else None


def _is_address(text: str) -> bool:
    try:
        found = ip_address(text)
    except ValueError:
        return False
    return not (isinstance(found, IPv6Address) and found.scope_id is not None)
