"""The console in an ASGI application of your own, by one line.

    app.mount("/trail", prooftrail.console.mounting.mountable())

Guarantees: it opens nothing before the first request (`service.mounting`), and closes
at the interpreter's end. It works with the DSNs of the environment
(reader, writer, verifier, access) and the access key of PROOFTRAIL_ACCESS_KEY.

Does not: seal, sign or watch; `prooftrail serve` does, beside it. It reveals nothing,
as it has no keeper's keys, and knows nothing of what was found there.
"""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prooftrail.capture.client_address import networks
from prooftrail.console import app
from prooftrail.errors import ConfigurationError
from prooftrail.service.app import own_parts
from prooftrail.service.entrance import open_people
from prooftrail.service.mounting import lazily

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp

    from prooftrail.service.parts import Parts

ACCESS_KEY = "PROOFTRAIL_ACCESS_KEY"


def mountable(
    *, access_key: Path | None = None, trusted_proxies: Iterable[str] = ()
) -> Any:  # noqa: ANN401  servers and frameworks type ASGI apart
    """Return the console for an application of your own.

    Args:
        access_key: the file of its key; by default PROOFTRAIL_ACCESS_KEY names it.
        trusted_proxies: networks whose X-Forwarded-For is believed.
    """
    trusted = networks(trusted_proxies)
    parts: list[Parts] = []

    def console() -> ASGIApp:
        key_file = access_key or _named()
        if not parts:  # once, though the database be away at first
            parts.append(own_parts(trusted))
        stack = ExitStack()
        people = stack.enter_context(
            open_people(
                parts[0].recorder,
                key_file=key_file,
                clock=parts[0].clock,
                random=parts[0].random,
            )
        )
        atexit.register(stack.close)
        made: ASGIApp = app.create(parts[0], people)
        return made

    return lazily(console)


def _named() -> Path:
    name = os.environ.get(ACCESS_KEY)
    if not name:
        raise ConfigurationError(
            f"the console has no key: name its file in {ACCESS_KEY}, the one that "
            "prooftrail serve works with"
        )
    return Path(name)
