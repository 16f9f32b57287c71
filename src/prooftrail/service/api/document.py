"""What may be asked and what is answered, as OpenAPI: the routes' own, completed.

Guarantees: every status that an operation answers with stands in it, with the shape of
the answer; a test holds answers against it. What any server may say of itself, and any
client knows (405, a defect's 500), is left out.

Source: OpenAPI 3.1; RFC 9110.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from prooftrail.search.values import RESULTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI

JSON: Final = "application/json"
JSONL: Final = "application/x-ndjson"
EVENTS: Final = "text/event-stream"
TEXT: Final = "text/plain"

_TOLD: Final = {
    "400": "The request is not understood, or the event is refused.",
    "401": "No good key.",
    "403": "The key's role may not do that; it is recorded.",
    "404": "Not there, or not for this key.",
    "408": "The body did not come in time.",
    "409": "This id is in several streams: add stream=.",
    "413": "More bytes or events than are taken at a time.",
    "415": "The body is not said to be JSON (Content-Type).",
    "429": "More is at work than is taken on: come again later.",
    "503": "The database is away, or too much is at work: come again later.",
}
_AGAIN: Final = {"429", "503"}


def _object(required: Sequence[str] = (), **properties: object) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_STRING: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer", "minimum": 0}
_DIGEST: Final = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_PROBLEM: Final = _ref("Problem")
_AUTHORITY: Final = ("authorised", "breakGlass", "denied", "unexplained")

_SCHEMAS: Final[dict[str, Any]] = {
    "Problem": _object(
        ["error"],
        error=_object(
            ["status", "message"],
            status=_WHOLE,
            message=_STRING,
            at=_WHOLE,
            length=_WHOLE,
        ),
    ),
    "Result": _object(
        ["status"],
        status={"enum": ["accepted", "duplicate", "conflict", "refused"]},
        eventId=_STRING,
        digest=_DIGEST,
        recordedDigest=_DIGEST,
        error=_STRING,
    ),
    "Results": _object(["results"], results={"type": "array", "items": _ref("Result")}),
    "Entry": _object(
        ["stream", "seq", "recordedAt", "checksum", "previousChecksum"],
        stream=_STRING,
        seq=_WHOLE,
        recordedAt=_STRING,
        checksum=_DIGEST,
        previousChecksum=_DIGEST,
        parts={"type": "array", "items": _ref("Entry")},
    ),
    "Page": _object(
        ["events", "cursor"],
        events={"type": "array", "items": _ref("Entry")},
        cursor={"type": ["string", "null"]},
        query=_STRING,
    ),
    "Count": _object(["count"], count=_WHOLE, query=_STRING),
    "Bucket": _object(
        ["from", *RESULTS],
        **{"from": _STRING},
        **dict.fromkeys(RESULTS, _WHOLE),
    ),
    "Facet": _object(
        ["values", "others", "otherEvents", "without"],
        values={
            "type": "array",
            "items": _object(["value", "n"], value=_STRING, n=_WHOLE),
        },
        others=_WHOLE,
        otherEvents=_WHOLE,
        without=_WHOLE,
    ),
    "Summary": _object(
        ["total", "width", "buckets", "facets"],
        total=_WHOLE,
        width={"enum": ["hour", "day", "week", "month", "year"]},
        buckets={"type": "array", "items": _ref("Bucket")},
        facets={"type": "object", "additionalProperties": _ref("Facet")},
        query=_STRING,
    ),
    "Authority": _object(
        ["total", *_AUTHORITY, "actors", "others"],
        total=_WHOLE,
        **dict.fromkeys(_AUTHORITY, _WHOLE),
        actors={
            "type": "array",
            "items": _object(
                ["actor", "total", *_AUTHORITY, "last"],
                actor={"type": ["string", "null"]},
                total=_WHOLE,
                **dict.fromkeys(_AUTHORITY, _WHOLE),
                last=_STRING,
            ),
        },
        others=_WHOLE,
        query=_STRING,
    ),
    "Completions": _object(
        ["at", "end", "candidates"],
        at=_WHOLE,
        end=_WHOLE,
        candidates={
            "type": "array",
            "items": _object(["text", "told"], text=_STRING, told=_STRING),
        },
    ),
    "Started": _object(
        ["id", "state", "result"],
        id=_STRING,
        state={"const": "running"},
        result=_STRING,
    ),
    "Run": _object(
        ["id", "state", "verdict", "startedAt", "finishedAt"],
        id=_STRING,
        state={"enum": ["running", "finished", "interrupted"]},
        verdict={"type": ["string", "null"]},
        startedAt=_STRING,
        finishedAt={"type": ["string", "null"]},
        report={"type": "object"},
    ),
    "Readiness": _object(read=_STRING, write=_STRING),
}


def _either(*schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(schemas)}


_Answer = tuple[str, dict[str, Any]]  # what it is, and its content

_READY: Final[dict[str, _Answer]] = {
    "200": ("All of it is well.", {JSON: _ref("Readiness")}),
    "503": ("Something is not.", {JSON: _either(_ref("Readiness"), _PROBLEM)}),
}
_ANSWERS: Final[dict[tuple[str, str], tuple[dict[str, _Answer], str]]] = {
    ("post", "/audit/events"): (
        {
            "200": (
                "Many: a result each. One: it is there already.",
                {JSON: _either(_ref("Results"), _ref("Result"))},
            ),
            "201": ("One, and it is durable.", {JSON: _ref("Result")}),
            "400": (_TOLD["400"], {JSON: _either(_ref("Result"), _PROBLEM)}),
            "409": ("Another event has this eventId.", {JSON: _ref("Result")}),
        },
        "401 403 404 408 413 415 429 503",
    ),
    ("get", "/audit/events"): (
        {"200": ("A page, or lines.", {JSON: _ref("Page"), JSONL: _STRING})},
        "400 401 403 429 503",
    ),
    ("get", "/audit/events/count"): (
        {"200": ("How many.", {JSON: _ref("Count")})},
        "400 401 403 503",
    ),
    ("get", "/audit/summary"): (
        {"200": ("The figures.", {JSON: _ref("Summary")})},
        "400 401 403 503",
    ),
    ("get", "/audit/authority"): (
        {"200": ("The counts.", {JSON: _ref("Authority")})},
        "400 401 403 503",
    ),
    ("get", "/audit/completions"): (
        {"200": ("The candidates.", {JSON: _ref("Completions")})},
        "400 401 403 503",
    ),
    ("get", "/audit/events/{event_id}"): (
        {"200": ("The event.", {JSON: _ref("Entry")})},
        "400 401 403 404 409 503",
    ),
    ("post", "/audit/events/{event_id}/reveal"): (
        {
            "200": ("The value.", {JSON: _object()}),
            "409": ("In several streams, or the value is not kept.", {JSON: _PROBLEM}),
        },
        "400 401 403 404 413 415 503",
    ),
    ("get", "/audit/integrity-check"): (
        {
            "200": ("Its progress and result, as events.", {EVENTS: _STRING}),
            "202": ("It runs.", {JSON: _ref("Started")}),
        },
        "400 401 403 429 503",
    ),
    ("get", "/audit/integrity-check/{run_id}"): (
        {"200": ("The run.", {JSON: _ref("Run")})},
        "401 403 404 503",
    ),
    ("get", "/healthz"): ({"200": ("It answers.", {TEXT: _STRING})}, "503"),
    ("get", "/readyz"): (_READY, "401"),
    ("get", "/readyz/read"): (_READY, "401"),
    ("get", "/readyz/write"): (_READY, "401"),
    ("get", "/metrics"): ({"200": ("Metrics.", {TEXT: _STRING})}, "401 403 503"),
}
_OPEN: Final = {"/healthz"}  # without a key


def of(app: FastAPI, root: str = "") -> dict[str, Any]:
    """Return an application's document.

    Args:
        app: of the API.
        root: the path at which it is mounted.
    """
    document = deepcopy(app.openapi())
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            answers, problems = _ANSWERS[method, path]
            every = {code: (_TOLD[code], {JSON: _PROBLEM}) for code in problems.split()}
            every |= answers
            told["responses"] = {
                code: _response(code, *every[code]) for code in sorted(every)
            }
            if path in _OPEN:
                told["security"] = []
    document["components"] = {
        "schemas": _SCHEMAS,
        "securitySchemes": {
            "key": {"type": "http", "scheme": "bearer"},
            "browser": {"type": "http", "scheme": "basic"},
        },
    }
    if root:
        document["servers"] = [{"url": root}]
    document["security"] = [{"key": []}, {"browser": []}]
    return document


def _response(code: str, told: str, content: Mapping[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": told,
        "content": {kind: {"schema": schema} for kind, schema in content.items()},
    }
    if code in _AGAIN:
        response["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
        }
    return response
