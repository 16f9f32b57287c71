"""What the product itself does and people should see: `prooftrail.*`, beside the 47."""

from __future__ import annotations

from typing import Final

from prooftrail.catalog.details import AFTER, BEFORE
from prooftrail.catalog.event_type import Detail, EventType

RETENTION_SET: Final = EventType(
    name="prooftrail.retention.set",
    meaning="How long entries are kept was stated anew",
    sentence="{actor} set how long entries are kept[ in {for}]",
    attempt="set how long entries are kept",
    required=(Detail("for", "text", "in which streams"), BEFORE, AFTER),
    policy="closed",
    controls=("PCI DSS 10.5.1", "SOC 2 C1.2"),
)
INTEGRITY_FINDING: Final = EventType(
    name="prooftrail.integrity.finding",
    meaning="Verification by the service found that the log does not fit",
    sentence="{actor} found the log {kind|not to fit}[ in {stream}][ at entry {seq}]",
    required=(
        Detail("kind", "text", "of the finding", always=True),
        Detail("stream", "value", "in which stream, if in one", always=True),
    ),
    optional=(Detail("seq", "count", "at which entry"),),
    controls=("PCI DSS 10.3.4", "SOC 2 CC7.2", "SOC 2 CC7.3"),
    expected=("failure",),
)
PERSON_INVITE: Final = EventType(
    name="prooftrail.person.invite",
    meaning="Somebody was invited to the console",
    sentence="{actor} invited somebody as {role}[, to see {sees}][ until {until}]",
    attempt="invite somebody",
    required=(
        Detail("role", "text", "what the person may do"),
        Detail("sees", "text", "which streams and which period"),
    ),
    optional=(Detail("until", "time", "when the access ends by itself"),),
    policy="closed",
    controls=("PCI DSS 10.2.1.5", "SOC 2 CC6.2", "SOC 2 CC6.3"),
)
PERSON_ACCEPT: Final = EventType(
    name="prooftrail.person.accept",
    meaning="An invitation was accepted: password and second factor were set",
    sentence="{actor} accepted {resource|an invitation} as {role}",
    attempt="accept {resource|an invitation}",
    required=(
        Detail("role", "text", "what the person may do"),
        Detail("factor", "text", "which second factor: totp"),
    ),
    policy="closed",
    controls=("PCI DSS 10.2.1.5", "SOC 2 CC6.2"),
)
PERSON_DISABLE: Final = EventType(
    name="prooftrail.person.disable",
    meaning="A person is let into the console no more",
    sentence="{actor} disabled {resource|a person}",
    attempt="disable {resource|a person}",
    required=(Detail("role", "text", "what the person could do"),),
    policy="closed",
    controls=("PCI DSS 10.2.1.5", "SOC 2 CC6.2", "SOC 2 CC6.3"),
)
ACCESS_REFUSE: Final = EventType(
    name="prooftrail.access.refuse",
    meaning="A session, an invitation or a form that opens nothing was tried",
    sentence="{actor} used a {what} that opens nothing: {reason}",
    attempt="use a {what} that opens nothing: {reason}",
    required=(
        Detail("what", "text", "session, invitation or form", always=True),
        Detail(
            "reason",
            "text",
            "unknown, ended, used, withdrawn, expired, not of this session or browser",
            always=True,
        ),
    ),
    controls=("PCI DSS 10.2.1.4", "SOC 2 CC6.1", "SOC 2 CC7.2"),
    expected=("denied",),
)
ALERT_RAISE: Final = EventType(
    name="prooftrail.alert.raise",
    meaning="A rule found something that somebody should look at",
    sentence="{actor} raised an alert: {rule}[, {severity}][, about {key}]",
    attempt="raise an alert: {rule}",
    required=(
        Detail("rule", "text", "by which rule", always=True),
        Detail("version", "count", "of the rule", always=True),
        Detail("severity", "text", "low, medium or high", always=True),
        Detail(
            "first_seq", "count", "of the first event that it rests on", always=True
        ),
    ),
    optional=(
        Detail("key", "text", "whom or what it is about"),
        Detail("attempts", "count", "events that it rested on when it was raised"),
    ),
    controls=("PCI DSS 10.4.1", "SOC 2 CC7.2", "SOC 2 CC7.3"),
)
ALERT_ACKNOWLEDGE: Final = EventType(
    name="prooftrail.alert.acknowledge",
    meaning="Somebody has seen an alert and looks into it",
    sentence="{actor} acknowledged {resource|an alert}[ after {seconds} s]",
    attempt="acknowledge {resource|an alert}",
    required=(Detail("seconds", "count", "from when it was raised until then"),),
    optional=(Detail("comment", "text", "what there is to say"),),
    policy="closed",
    controls=("PCI DSS 10.4.3", "SOC 2 CC7.3", "SOC 2 CC7.4"),
)
ALERT_DISPOSE: Final = EventType(
    name="prooftrail.alert.dispose",
    meaning="Somebody said what an alert was: true or false positive, or benign",
    sentence="{actor} closed {resource|an alert} as {disposition}[: {comment}]",
    attempt="close {resource|an alert}",
    required=(
        Detail("disposition", "text", "true positive, false positive or benign"),
        Detail("comment", "text", "why"),
    ),
    policy="closed",
    controls=("PCI DSS 10.4.3", "SOC 2 CC7.3", "SOC 2 CC7.4"),
)
DETECTION_TEST: Final = EventType(
    name="prooftrail.detection.test",
    meaning="An event that must raise an alert: whether detection works",
    sentence="{actor} tested whether detection works",
    attempt="test whether detection works",
    controls=("SOC 2 CC4.1", "SOC 2 CC7.2"),
)
REPORT_SIGN: Final = EventType(
    name="prooftrail.report.sign",
    meaning="Somebody signed a report off: reviewed, acknowledged or examined it",
    sentence="{actor} signed off {resource|a report} as {part}: {conclusion}",
    attempt="sign off {resource|a report}",
    required=(
        Detail("part", "text", "reviewer, management or auditor", always=True),
        Detail("name", "text", "who signs, and in which function", always=True),
        Detail("conclusion", "text", "what the person concludes", always=True),
        Detail("sha256", "text", "of the file that was signed off", always=True),
    ),
    optional=(Detail("comments", "text", "what else there is to say"),),
    policy="closed",
    controls=("PCI DSS 10.4.1", "SOC 2 CC4.1", "SOC 2 CC4.2"),
)
SAMPLE_DRAW: Final = EventType(
    name="prooftrail.sample.draw",
    meaning="A sample was drawn from all that answers a query",
    sentence="{actor} drew {n:entry} by the seed {seed}[, draw {draw} of these]",
    attempt="draw a sample",
    required=(
        Detail("query", "text", "whose answers are the population"),
        Detail("digest", "text", "of the population's listing, SHA-256"),
        Detail("seed", "text", "by which it was drawn"),
        Detail("n", "count", "how many entries were asked for"),
        Detail("draw", "count", "which draw of this population it was, from 1"),
    ),
    optional=(
        Detail("population", "count", "entries of this stream among the population"),
        Detail("by_month", "value", "whether each month was drawn from apart"),
    ),
    policy="closed",
    controls=("PCI DSS 10.2.1.3", "SOC 2 CC4.1"),
)
