"""The console's own files: style, scripts, fonts, the mark.

Guarantees: only files that were there when the process began are given, by their exact
names, each with its type and a validator; nothing of a path is ever looked up on disk.

Source: RFC 9110, sections 8.8 and 13 (ETag, If-None-Match).
"""

from __future__ import annotations

from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import Response

from prooftrail.console import security

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    from starlette.requests import Request

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}


class File(NamedTuple):
    """A file that is given."""

    data: bytes
    media_type: str
    etag: str


def load() -> Mapping[str, File]:
    """Return all files, by their path below `static/`."""
    return dict(_found(resources.files("prooftrail.console") / "static", ""))


def answer(files: Mapping[str, File], request: Request, name: str) -> Response:
    """Return a file, or that the browser has it already, or 404."""
    found = files.get(name)
    headers = {**security.HEADERS, "Cache-Control": "no-cache"}
    if found is None:
        return Response("there is no such file\n", 404, headers, "text/plain")
    headers["ETag"] = found.etag
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    return Response(found.data, headers=headers, media_type=found.media_type)


def _found(place: Traversable, before: str) -> Iterator[tuple[str, File]]:
    for one in place.iterdir():
        name = f"{before}{one.name}"
        if one.is_dir():
            yield from _found(one, f"{name}/")
        elif (kind := name.rpartition(".")[2]) in _TYPES:
            data = one.read_bytes()
            etag = f'"{sha256(data).hexdigest()[:20]}"'
            yield name, File(data, _TYPES[kind], etag)
