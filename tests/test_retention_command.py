"""`prooftrail retention` as people run it, on a real database."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import prooftrail
from prooftrail.errors import ConfigurationError
from prooftrail.retention import policy, render, setting
from prooftrail.store import connect, retention
from tests.commands import run
from tests.retaining import NO_DROP, refused, shown, told
from tests.signing_rig import Rig, rigs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.trail import Trail

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to" / "set-retention.md"


@pytest.fixture
def rig(trail: Trail, tmp_path: Path) -> Iterator[Rig]:
    yield from rigs(trail, tmp_path)


def events(rig: Rig, stream: str = "main") -> list[dict[str, Any]]:
    """Return the events of setting that were sealed into a stream."""
    rows = rig.trail.superuser().execute(
        "select convert_from(event, 'UTF8')::jsonb from prooftrail.log"
        " where stream = %s and action = 'prooftrail.retention.set' order by seq",
        (rig.stream(stream).number,),
    )
    return [row[0] for row in rows]


def policies(trail: Trail) -> list[tuple[Any, ...]]:
    return (
        trail.superuser()
        .execute("select stream, policy from prooftrail.retention_policy order by id")
        .fetchall()
    )


def unsealed(trail: Trail) -> int:
    row = trail.superuser().execute("select count(*) from prooftrail.inbox").fetchone()
    assert row is not None
    return int(row[0])


def test_without_a_policy_seven_years_are_shown_as_the_default(trail: Trail) -> None:
    text = told(trail, "show")
    assert "no policy is set, the product's default holds" in text
    assert "7 years" in text
    assert NO_DROP in text
    (scope,) = shown(trail, "show")["scopes"]
    assert (scope["stream"], scope["policyId"], scope["policy"]) == (None, None, [])
    (held,) = scope["classes"]
    assert held["keep"] == {
        "period": "7y",
        "source": "product default",
        "firmness": "product default",
        "basis": "7 years unless configured",
    }


def test_a_policy_that_is_set_is_shown_with_basis_and_time_at_hand(
    trail: Trail,
) -> None:
    arguments = ("--framework", "soc2", "--framework", "PCI-DSS", "--keep", "6mo")
    text = told(trail, "set", *arguments, "--shorten")
    assert "*: at least 7 years (product default) -> at least 13 months (SOC2)" in text
    assert "Recorded prooftrail.retention.set in: main." in text
    text = told(trail, "show")
    assert "SOC2 (proposed): no number in the Trust Services Criteria" in text
    assert "PCI-DSS (mandated): PCI DSS 4, 10.5.1" in text
    assert "what is older may lie in an archive" in text
    (held,) = shown(trail, "show")["scopes"][0]["classes"]
    assert (held["keep"]["period"], held["keep"]["source"]) == ("13mo", "SOC2")
    assert (held["online"]["period"], held["online"]["source"]) == ("3mo", "PCI-DSS")
    assert [one["source"] for one in held["minimums"]] == [
        "SOC2",
        "PCI-DSS",
        "set for *",
    ]


def test_setting_is_an_event_with_before_and_after_in_every_stream_it_is_for(
    rig: Rig,
) -> None:
    for name in ("own", "other"):
        rig.trail.stream(name)
    told(rig.trail, "set", "--stream", "own", "--keep", "8y")
    told(rig.trail, "set", "--framework", "SOX")
    rig.seal(0)
    (own,), (main,), (other,) = (events(rig, one) for one in ("own", "main", "other"))
    assert own["changes"][0]["before"] == []
    assert own["changes"][0]["after"] == [{"class": "*", "keep": "8y"}]
    assert own["details"]["for"] == "stream own"
    assert main["changes"] == other["changes"]
    assert main["changes"][0]["after"] == [{"class": "*", "frameworks": ["SOX"]}]
    assert main["actor"]["userId"].startswith("os:")
    row = rig.trail.superuser().execute("select session_user").fetchone()
    assert row is not None
    assert main["$source"]["login"] == row[0]
    assert main["resource"] == {"type": "retention_policy", "id": "2"}
    assert [stream for stream, _ in policies(rig.trail)] == [
        rig.stream("own").number,
        None,
    ]


def test_a_streams_own_policy_begins_with_what_held_and_stays_its_own(
    rig: Rig,
) -> None:
    rig.trail.stream("own")
    told(rig.trail, "set", "--class", "auth.*", "--keep", "10y")
    told(rig.trail, "set", "--stream", "own", "--class", "data.*", "--keep", "9y")
    told(rig.trail, "set", "--class", "auth.*", "--keep", "12y")
    every, own = shown(rig.trail, "show")["scopes"]
    assert [(one["class"], one["keep"]) for one in own["policy"]] == [
        ("auth.*", "10y"),
        ("data.*", "9y"),
    ]
    assert [(one["class"], one["keep"]) for one in every["policy"]] == [
        ("auth.*", "12y")
    ]
    (main,) = shown(rig.trail, "show", "--stream", "main")["scopes"]
    assert main["policy"] == every["policy"]
    assert main["ofAllStreams"]
    assert "policy 3, that for all streams, set" in told(
        rig.trail, "show", "--stream", "main"
    )


def test_a_shorter_minimum_is_refused_until_it_is_confirmed(trail: Trail) -> None:
    said = refused(trail, "set", "--keep", "1y")
    assert "*: 7 years (product default) -> 12 months (set for *)" in said
    assert "add --shorten" in said
    assert (policies(trail), unsealed(trail)) == ([], 0)
    told(trail, "set", "--keep", "1y", "--shorten")
    told(trail, "set", "--keep", "2y")
    assert "add --shorten" in refused(trail, "set", "--keep", "23mo")
    assert "-> at least 7 years" in told(trail, "set", "--clear")
    assert [text for _, text in policies(trail)][-1] == "[]"


def test_a_conflict_is_refused_without_a_legal_obligation_and_shown_with_one(
    trail: Trail,
) -> None:
    both = ("--framework", "SOX", "--framework", "GDPR-CNIL")
    said = refused(trail, "set", *both)
    conflict = (
        "7 years at least by SOX (convention), 12 months at most by GDPR-CNIL "
        "(recommendation)"
    )
    assert conflict in said
    assert "--legal-obligation TEXT" in said
    assert policies(trail) == []
    told(trail, "set", *both, "--legal-obligation", "Code de commerce L123-22")
    assert (
        f"Conflict, *: {conflict}; kept longer by legal obligation: "
        "Code de commerce L123-22"
    ) in told(trail, "show")
    (held,) = shown(trail, "show")["scopes"][0]["classes"]
    assert held["legalObligations"] == ["Code de commerce L123-22"]
    assert {one["minimum"]["source"] for one in held["conflicts"]} == {
        "SOX",
        "product default",
    }


def test_setting_what_holds_already_does_nothing(trail: Trail) -> None:
    told(trail, "set", "--framework", "SOX")
    assert "Nothing was to be done" in told(trail, "set", "--framework", "sox")
    assert (len(policies(trail)), unsealed(trail)) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("set",), "or --clear", 2),
        (("set", "--clear", "--keep", "7y"), "or --clear", 2),
        (("set", "--framework", "SOC"), "did you mean SOC2?", 1),
        (("set", "--keep", "7 years"), "such as 7y, 13mo or 90d", 1),
        (("set", "--class", "auth login", "--keep", "8y"), "no class of actions", 1),
        (("set", "--keep", "9y", "--max", "8y"), "contradict each other", 1),
        (("set", "--stream", "no", "--keep", "8y"), "there is no stream 'no'", 1),
        (("show", "--stream", "no"), "there is no stream 'no'", 1),
        (("plan", "--stream", "no"), "there is no stream 'no'", 1),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    trail: Trail, arguments: tuple[str, ...], said: str, code: int
) -> None:
    done: subprocess.CompletedProcess[str] = run(trail, "retention", *arguments)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert policies(trail) == []


def test_where_no_stream_could_take_the_event_nothing_is_set(trail: Trail) -> None:
    trail.superuser().execute("delete from prooftrail.head")
    trail.superuser().execute("delete from prooftrail.stream")
    assert "prooftrail stream create main" in refused(trail, "set", "--keep", "8y")
    assert policies(trail) == []


def test_where_the_event_cannot_be_recorded_the_policy_is_not_set(
    trail: Trail,
) -> None:
    trail.superuser().execute(
        "revoke insert (stream, event, envelope) on prooftrail.inbox"
        " from prooftrail_writer"
    )
    said = refused(trail, "set", "--keep", "8y")
    assert "may not record" in said
    assert policies(trail) == []
    assert "no policy is set" in told(trail, "show")


def test_a_change_made_from_an_older_policy_is_refused(trail: Trail) -> None:
    scope = render.Scope(None, policy.UNSET, None)
    after = policy.UNSET.replace(policy.Rule("*", ("SOX",)))
    change = setting.check(scope, after, shorten=False)
    told(trail, "set", "--keep", "8y")
    admin = connect.connect(None, dsn=trail.dsn, autocommit=True)
    recorder = prooftrail.open_recorder(trail.dsn)
    with pytest.raises(ConfigurationError, match="another policy was set just now"):
        setting.add(
            admin, change, recorder, actor="os:x", streams=["main"], expected=None
        )
    admin.close()
    recorder.close()
    assert len(policies(trail)) == 1


def test_an_altered_policy_is_told_as_that(trail: Trail) -> None:
    trail.superuser().execute(
        "insert into prooftrail.retention_policy (policy) values ('{\"a\":1}')"
    )
    for name in ("show", "plan"):
        assert "stored retention policy cannot be read" in refused(trail, name)


def test_a_reader_sees_the_policies_of_his_own_streams_and_that_for_all(
    rig: Rig,
) -> None:
    rig.trail.stream("other")
    told(rig.trail, "set", "--stream", "other", "--keep", "8y")
    told(rig.trail, "set", "--stream", "main", "--keep", "9y")
    told(rig.trail, "set", "--keep", "10y")
    rig.trail.superuser().execute(
        "insert into prooftrail.reader_grant"
        " (role, streams, from_us, to_us, expires_at)"
        " values ('prooftrail_reader', array[%s::smallint], 0, 1,"
        " now() + interval '1 hour')",
        (rig.stream().number,),
    )
    reader = connect.connect("reader", dsn=rig.trail.dsn, autocommit=True)
    seen = [(one.stream, one.policy) for one in retention.read(reader)]
    reader.close()
    assert seen == [
        ("main", '[{"class":"*","keep":"9y"}]'),
        (None, '[{"class":"*","keep":"10y"}]'),
    ]


def commands() -> list[list[str]]:
    """Return the commands of the how-to, in order."""
    text = HOW_TO.read_text()
    blocks = [part.split("```")[0] for part in text.split("```sh\n")[1:]]
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def test_what_the_how_to_tells_to_run_does_what_it_says(rig: Rig) -> None:
    every = commands()
    assert len(every) == 10
    for name, *arguments in every:
        assert name == "prooftrail"
        done = run(rig.trail, *arguments)
        assert done.returncode == 0, done.stderr
    (every_stream, own) = shown(rig.trail, "show")["scopes"]
    held = {one["class"]: one for one in every_stream["classes"]}
    assert held["*"]["keep"]["source"] == "NYDFS-500.06"
    assert held["customer.pii.*"]["keep"]["source"] == "HIPAA-DISCLOSURES"
    assert held["data.export.*"]["keep"]["period"] == "10y"
    assert held["auth.*"]["conflicts"]
    assert own["stream"] == "main"
    assert {"admin.*"} == {one["class"] for one in own["classes"]} - set(held)
    rig.seal(0)
    assert len(events(rig)) == sum("set" in one for one in every)
