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
from prooftrail.service.api.shapes import (
    ANSWERS,
    STRING,
    WHOLE,
    either,
    fields,
    ref,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

JSON: Final = "application/json"
JSONL: Final = "application/x-ndjson"
EVENTS: Final = "text/event-stream"
TEXT: Final = "text/plain"
PDF: Final = "application/pdf"
ZIP: Final = "application/zip"
HTML: Final = "text/html"

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


_DIGEST: Final = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_PROBLEM: Final = ref("Problem")

_SCHEMAS: Final[dict[str, Any]] = {
    **ANSWERS,
    "Problem": fields(
        ["error"],
        error=fields(
            ["status", "message"],
            status=WHOLE,
            message=STRING,
            at=WHOLE,
            length=WHOLE,
        ),
    ),
    "Result": fields(
        ["status"],
        status={"enum": ["accepted", "duplicate", "conflict", "refused"]},
        eventId=STRING,
        digest=_DIGEST,
        recordedDigest=_DIGEST,
        error=STRING,
    ),
    "Results": fields(["results"], results={"type": "array", "items": ref("Result")}),
    "Entry": fields(
        ["stream", "seq", "recordedAt", "checksum", "previousChecksum"],
        stream=STRING,
        seq=WHOLE,
        recordedAt=STRING,
        checksum=_DIGEST,
        previousChecksum=_DIGEST,
        parts={"type": "array", "items": ref("Entry")},
    ),
    "Page": fields(
        ["events", "cursor"],
        events={"type": "array", "items": ref("Entry")},
        cursor={"type": ["string", "null"]},
        query=STRING,
    ),
    "Count": fields(["count"], count=WHOLE, query=STRING),
    "Bucket": fields(
        ["from", *RESULTS],
        **{"from": STRING},
        **dict.fromkeys(RESULTS, WHOLE),
    ),
    "Facet": fields(
        ["values", "others", "otherEvents", "without"],
        values={
            "type": "array",
            "items": fields(["value", "n"], value=STRING, n=WHOLE),
        },
        others=WHOLE,
        otherEvents=WHOLE,
        without=WHOLE,
    ),
    "Summary": fields(
        ["total", "width", "buckets", "facets"],
        total=WHOLE,
        width={"enum": ["hour", "day", "week", "month", "year"]},
        buckets={"type": "array", "items": ref("Bucket")},
        facets={"type": "object", "additionalProperties": ref("Facet")},
        query=STRING,
    ),
    "Completions": fields(
        ["at", "end", "candidates"],
        at=WHOLE,
        end=WHOLE,
        candidates={
            "type": "array",
            "items": fields(["text", "told"], text=STRING, told=STRING),
        },
    ),
    "Started": fields(
        ["id", "state", "result"],
        id=STRING,
        state={"const": "running"},
        result=STRING,
    ),
    "Run": fields(
        ["id", "state", "verdict", "startedAt", "finishedAt"],
        id=STRING,
        state={"enum": ["running", "finished", "interrupted"]},
        verdict={"type": ["string", "null"]},
        startedAt=STRING,
        finishedAt={"type": ["string", "null"]},
        report={"type": "object"},
    ),
    "Readiness": fields(read=STRING, write=STRING),
}


_Answer = tuple[str, dict[str, Any]]  # what it is, and its content

_READY: Final[dict[str, _Answer]] = {
    "200": ("All of it is well.", {JSON: ref("Readiness")}),
    "503": ("Something is not.", {JSON: either(ref("Readiness"), _PROBLEM)}),
}
_ALERT: Final[dict[str, _Answer]] = {
    "200": ("The alert, once that is durable.", {JSON: ref("Alert")}),
}
_TRIAGED: Final = "400 401 403 404 413 415 503"
_ANSWERS: Final[dict[tuple[str, str], tuple[dict[str, _Answer], str]]] = {
    ("post", "/audit/events"): (
        {
            "200": (
                "Many: a result each. One: it is there already.",
                {JSON: either(ref("Results"), ref("Result"))},
            ),
            "201": ("One, and it is durable.", {JSON: ref("Result")}),
            "400": (_TOLD["400"], {JSON: either(ref("Result"), _PROBLEM)}),
            "409": ("Another event has this eventId.", {JSON: ref("Result")}),
        },
        "401 403 404 408 413 415 429 503",
    ),
    ("get", "/audit/events"): (
        {"200": ("A page, or lines.", {JSON: ref("Page"), JSONL: STRING})},
        "400 401 403 429 503",
    ),
    ("get", "/audit/events/count"): (
        {"200": ("How many.", {JSON: ref("Count")})},
        "400 401 403 503",
    ),
    ("get", "/audit/summary"): (
        {"200": ("The figures.", {JSON: ref("Summary")})},
        "400 401 403 503",
    ),
    ("get", "/audit/authority"): (
        {"200": ("The counts.", {JSON: ref("Authority")})},
        "400 401 403 503",
    ),
    ("get", "/audit/completions"): (
        {"200": ("The candidates.", {JSON: ref("Completions")})},
        "400 401 403 503",
    ),
    ("get", "/audit/accounts"): (
        {"200": ("The accounts.", {JSON: ref("Accounts")})},
        "400 401 403 503",
    ),
    ("get", "/audit/grants"): (
        {"200": ("The grants.", {JSON: ref("Grants")})},
        "400 401 403 503",
    ),
    ("post", "/audit/leavers"): (
        {"200": ("What their accounts did.", {JSON: ref("Leavers")})},
        "400 401 403 408 413 415 503",
    ),
    ("get", "/audit/continuity"): (
        {"200": ("What the trail says.", {JSON: ref("Continuity")})},
        "400 401 403 503",
    ),
    ("get", "/audit/administrators"): (
        {"200": ("Who could, and what was done.", {JSON: ref("Administrators")})},
        "400 401 403 503",
    ),
    ("get", "/audit/reports"): (
        {"200": ("The reports.", {JSON: ref("Reports")})},
        "401 403 503",
    ),
    ("get", "/audit/reports/sample"): (
        {"200": ("The report, in one volume.", {PDF: STRING, HTML: STRING})},
        "400 401 403 503",
    ),
    ("get", "/audit/reports/{name}"): (
        {
            "200": (
                "One volume, or several packed; or a page.",
                {PDF: STRING, ZIP: STRING, HTML: STRING},
            )
        },
        "400 401 403 404 503",
    ),
    ("get", "/audit/alerts"): (
        {"200": ("The alerts.", {JSON: ref("Alerts")})},
        "400 401 403 503",
    ),
    ("post", "/audit/alerts/{alert_id}/acknowledge"): (_ALERT, _TRIAGED),
    ("post", "/audit/alerts/{alert_id}/dispose"): (_ALERT, _TRIAGED),
    ("get", "/audit/events/{event_id}"): (
        {"200": ("The event.", {JSON: ref("Entry")})},
        "400 401 403 404 409 503",
    ),
    ("post", "/audit/events/{event_id}/reveal"): (
        {
            "200": ("The value.", {JSON: fields()}),
            "409": ("In several streams, or the value is not kept.", {JSON: _PROBLEM}),
        },
        "400 401 403 404 413 415 503",
    ),
    ("get", "/audit/integrity-check"): (
        {
            "200": ("Its progress and result, as events.", {EVENTS: STRING}),
            "202": ("It runs.", {JSON: ref("Started")}),
        },
        "400 401 403 429 503",
    ),
    ("get", "/audit/integrity-check/{run_id}"): (
        {"200": ("The run.", {JSON: ref("Run")})},
        "401 403 404 503",
    ),
    ("get", "/healthz"): ({"200": ("It answers.", {TEXT: STRING})}, "503"),
    ("get", "/readyz"): (_READY, "401"),
    ("get", "/readyz/read"): (_READY, "401"),
    ("get", "/readyz/write"): (_READY, "401"),
    ("get", "/metrics"): ({"200": ("Metrics.", {TEXT: STRING})}, "401 403 503"),
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
