"""Describing: whether a request leaves an event, which one, and of what.

Guarantees: a mapped route keeps its action when it is refused, or has the one that it
names for failures; any other has a derived name, and a refusal is an access denied.
What the handler said of the resource stays. An id from the path is what the client
typed: `Draft.guess` lets the row that was changed go before it.

Does not: read a value of the path that looks like a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prooftrail import catalog
from prooftrail.catalog import system
from prooftrail.middleware import routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prooftrail.capture.draft import Draft, Outcome
    from prooftrail.middleware.routes import Route


def leaves(
    made: Draft,
    rule: routes.Emits,
    ended: Outcome,
    recorded: Mapping[str, str],
    *,
    changing: bool,
) -> bool:
    """Whether a request leaves an event of its own.

    Args:
        made: its draft.
        rule: what its route says.
        ended: how it ended.
        recorded: results of what the handler recorded itself, by action.
        changing: whether its method changes something.
    """
    if rule.reason is not None or made.dropped:
        return False
    told = recorded
    if rule.types:
        told = {name: told[name] for name in told.keys() & rule.names}
    if told and (ended == "success" or any(one != "success" for one in told.values())):
        return False
    return bool(changing or rule.types or rule.pii or ended == "denied")


def describe(
    made: Draft,
    rule: routes.Emits,
    route: Route,
    *,
    method: str,
    ended: Outcome,
    is_secret: Callable[[str], bool],
) -> None:
    """Say in a request's draft what was done, and to what.

    Args:
        made: the draft.
        rule: what its route says.
        route: as it was found.
        method: GET, POST, ...
        ended: how it ended.
        is_secret: whether a path parameter of that name is a secret.
    """
    derived = routes.derived(method, route.template)
    if rule.types:
        failed = rule.failure is not None and ended != "success"
        made.event_type = rule.failure or rule.types[0] if failed else rule.types[0]
    elif ended == "denied":
        made.event_type = system.ACCESS_DENIED
        made.detail(attempted=derived)
    else:
        made.event_type = catalog.derived(derived)
    if rule.pii:
        made.touch(rule.pii)
    kind = rule.resource or routes.noun_of(route.template)
    if made.resource is not None or kind is None:
        return
    key = rule.key or next(reversed([*route.parameters]), None)
    found = None if key is None else route.parameters.get(key)
    # a token in a path is no id
    made.guess(kind, None if key is not None and is_secret(key) else found)
