"""Setting a policy: what is refused, what changes, and the event that tells of it.

Guarantees: nothing is set that contradicts itself without a reason, and no minimum gets
shorter unconfirmed; policy and event are one transaction, so that neither is there
without the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prooftrail.errors import ConfigurationError
from prooftrail.retention import policy, writing
from prooftrail.retention.render import ALL_STREAMS, described
from prooftrail.store import retention

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prooftrail.capture.audit_logger import Recorder
    from prooftrail.retention.policy import Policy
    from prooftrail.retention.render import Scope
    from prooftrail.store.connect import Connection
    from prooftrail.store.retention import Stored

ACTION = "prooftrail.retention.set"


class Change(NamedTuple):
    """A policy in place of another one."""

    before: Scope
    after: Policy
    shortened: tuple[str, ...]  # classes whose minimum gets shorter

    def lines(self) -> Iterator[str]:
        """Yield what held and will hold, by class."""
        was, will = self.before.policy, self.after
        for glob in dict.fromkeys(
            (policy.ALL, *(rule.glob for rule in (*was.rules, *will.rules)))
        ):
            one, other = (
                described(policy.effective(each, glob)) for each in (was, will)
            )
            same = one == other
            yield f"{glob}: {one}, as before" if same else f"{glob}: {one} -> {other}"


def check(before: Scope, after: Policy, *, shorten: bool) -> Change:
    """Return the change, if it may be made.

    Args:
        before: what held.
        after: what is to hold.
        shorten: whether it is confirmed that a minimum gets shorter.

    Raises:
        ConfigurationError: a conflict without a legal obligation, or an unconfirmed
            shortening.
    """
    if refused := policy.refusals(after):
        told = "; ".join(f"{name}: {conflict}" for name, conflict in refused)
        raise ConfigurationError(
            f"these contradict each other, so nothing is set: {told}. Choose other "
            "numbers (--keep in place of the default, another --framework), or name "
            "the duty for which it is kept longer: --legal-obligation TEXT"
        )
    shorter = policy.shortened(before.policy, after)
    if shorter and not shorten:
        told = "; ".join(
            f"{name}: {was.minimum.period} ({was.minimum.source}) -> "
            f"{will.minimum.period} ({will.minimum.source})"
            for name, was, will in shorter
        )
        raise ConfigurationError(
            f"entries would be kept for less time than now, so nothing is set: {told}. "
            "If that is meant, add --shorten"
        )
    return Change(before, after, tuple(name for name, _, _ in shorter))


def add(
    connection: Connection,
    change: Change,
    recorder: Recorder,
    *,
    actor: str,
    streams: Sequence[str],
    expected: int | None,
) -> Stored:
    """Set the policy, and record it in each of the streams that it is for.

    Args:
        connection: the administrator's, in autocommit.
        change: as `check` returns it.
        recorder: states the events; its own connection is not used.
        actor: the userId of who sets it.
        streams: the names of the streams.
        expected: the id of the newest policy that `change` was made from.

    Raises:
        ConfigurationError: another policy was set meanwhile, or no such stream.
        EventError: the event is refused; nothing is set.
        DatabaseError: the database refuses; nothing is set.
    """
    stream = change.before.stream
    stated = {
        "field": "policy",
        "before": writing.plain(change.before.policy),
        "after": writing.plain(change.after),
    }
    conflicts = [
        f"{name}: {conflict}"
        for name, held in policy.each_class(change.after)
        for conflict in held.conflicts
    ]

    def tell(writer: Connection, made: Stored) -> None:
        for name in streams:
            recorder.record(
                action=ACTION,
                actor={"type": "user", "userId": actor},
                resource={"type": "retention_policy", "id": str(made.id)},
                result="success",
                changes=[stated],
                details={
                    "for": ALL_STREAMS if stream is None else f"stream {stream}",
                    "shortened": list(change.shortened),
                    "conflicts": conflicts,
                },
                stream=name,
                connection=writer,
            )

    return retention.add(
        connection,
        stream=stream,
        policy=writing.text(change.after),
        expected=expected,
        tell=tell,
    )
