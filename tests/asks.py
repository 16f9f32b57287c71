"""Requests that look for what a key may not see, and the same for what is nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.limits_rig import ABSENT, OTHER

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.limits_rig import World


class Ask(NamedTuple):
    """A request, with what it looks for; `hits` is put in the place of `{}`."""

    path: str
    params: dict[str, str] = {}  # noqa: RUF012  never altered
    hits: str = ""
    absent: str = ""
    headers: dict[str, str] = {}  # noqa: RUF012

    def of(self, client: httpx.Client, value: str) -> httpx.Response:
        params = {k: v.replace("{}", value) for k, v in self.params.items()}
        path = self.path.replace("{}", value)
        return client.get(path, params=params, headers=self.headers)


def plain(path: str) -> Callable[[World], list[Ask]]:
    return lambda _: [Ask(path)]


def periods(path: str) -> Callable[[World], list[Ask]]:
    return lambda _: [
        Ask(path),
        Ask(path, {"q": "during:2026"}),
        Ask(path, {"q": "stream:{}"}, OTHER, ABSENT),
        Ask(path, {"from": "2026-04-01", "to": "2026-06-01"}),
        Ask(path, {"stream": "{}"}, OTHER, ABSENT),
    ]
