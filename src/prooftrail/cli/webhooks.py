"""The webhooks that `prooftrail serve` tells, as its options name them.

Guarantees: what signs alerts comes from a file or from the environment, never from the
command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from prooftrail.service.webhook import Webhook

SECRET = "PROOFTRAIL_WEBHOOK_SECRET"  # noqa: S105  a variable's name


def made(
    urls: tuple[str, ...],
    secret_file: Path | None,
    networks: tuple[str, ...],
    http_hosts: tuple[str, ...],
    ca_file: Path | None,
) -> tuple[Webhook, ...]:
    """Return the webhooks that are to be told.

    Raises:
        ConfigurationError: one cannot be used as it is given, or there is no secret.
    """
    from prooftrail.service.addresses import parse_network
    from prooftrail.service.webhook import Allowed, Webhook

    if not urls:
        return ()
    allowed = Allowed(
        tuple(parse_network(one) for one in networks), frozenset(http_hosts), ca_file
    )
    secret = _secret(secret_file)
    return tuple(Webhook(url, secret, allowed=allowed) for url in urls)


def _secret(path: Path | None) -> bytes:
    """Return what signs alerts.

    Raises:
        ConfigurationError: there is none.
    """
    import os

    from prooftrail.errors import ConfigurationError

    if path is None:
        text = os.environ.get(SECRET, "")
    else:
        try:
            text = path.read_text()
        except (OSError, UnicodeError) as error:
            raise ConfigurationError(
                f"the webhook's secret cannot be read from {path}: "
                f"{getattr(error, 'strerror', None) or 'it is no text'}"
            ) from None
    if not text.strip():
        raise ConfigurationError(
            f"a webhook needs a secret that signs: set {SECRET}, or name a file by "
            "--webhook-secret-file"
        )
    return text.strip().encode()
