"""`@audited` and `event`: what functions do, recorded with its outcome."""

from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import prooftrail
from prooftrail import audited, event
from prooftrail.errors import ConfigurationError, EventError, RecordError
from tests.capturing.rig import left
from tests.recording import recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prooftrail import Recorder
    from tests.trail import Trail


@pytest.fixture
def own(trail: Trail) -> Iterator[Recorder]:
    """The process's own recorder, writing to the test's trail."""
    with recorder(trail) as made:
        prooftrail.use(made)
        yield made


def only(trail: Trail, own: Recorder) -> dict[str, Any]:
    found = left(trail, own)
    assert len(found) == 1, found
    return found[0]


def test_a_call_is_recorded_with_what_its_arguments_and_result_say(
    trail: Trail, own: Recorder
) -> None:
    @audited(
        "customer.pii.export",
        actor=lambda who: who,
        resource=lambda account: ("account", account, "Acme"),
        subjects=lambda result: result,
        fields=("name", "email"),
        details=lambda result, kind: {
            "record_count": len(result),
            "export_format": kind,
        },
        purpose="monthly statement",
        ticket=lambda case: case,
    )
    def export(
        who: str, account: int, kind: str = "csv", case: str = "CASE-1"
    ) -> list[str]:
        """Export it."""
        return ["cust_1", "cust_2", "cust_1"]

    assert export("usr_1", 7) == ["cust_1", "cust_2", "cust_1"]
    assert export.__doc__ == "Export it."
    assert list(inspect.signature(export).parameters) == [
        "who",
        "account",
        "kind",
        "case",
    ]
    found = only(trail, own)
    assert found.pop("context")["durationMs"] >= 0
    assert found.pop("eventId")
    assert found.pop("timestamp")
    assert found == {
        "action": "customer.pii.export",
        "actor": {"userId": "usr_1"},
        "resource": {"type": "account", "id": "7", "name": "Acme"},
        "subjects": ["cust_1", "cust_2"],
        "pii": {"fields": ["name", "email"], "classes": []},
        "details": {"record_count": 3, "export_format": "csv"},
        "purpose": "monthly statement",
        "ticket": "CASE-1",
        "result": "success",
    }


def test_a_job_without_anybody_is_the_system_s(trail: Trail, own: Recorder) -> None:
    @audited("system.job.run", details={"job": "purge"})
    def purge() -> int:
        return 3

    assert purge() == 3
    assert only(trail, own)["actor"] == {"type": "system", "userId": "system"}


@pytest.mark.parametrize(
    ("error", "result"),
    [(ValueError("hunter2"), "failure"), (PermissionError("hunter2"), "denied")],
)
def test_an_exception_is_recorded_by_its_type_and_goes_on(
    trail: Trail, own: Recorder, error: Exception, result: str
) -> None:
    @audited("system.job.run")
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        work()
    assert caught.value is error
    found = only(trail, own)
    assert found["result"] == result
    assert found["details"] == {"error": type(error).__name__}


@pytest.mark.parametrize(
    ("code", "result"), [(0, "success"), (None, "success"), (3, "failure")]
)
def test_a_script_that_exits_is_told_by_its_code(
    trail: Trail, own: Recorder, code: int | None, result: str
) -> None:
    @audited("system.job.run")
    def work() -> None:
        raise SystemExit(code)

    with pytest.raises(SystemExit):
        work()
    assert only(trail, own)["result"] == result


def test_coroutines_methods_and_static_ones_are_recorded(
    trail: Trail, own: Recorder
) -> None:
    class Reports:
        @audited("customer.pii.view", resource=lambda customer: ("customer", customer))
        async def view(self, customer: str) -> str:
            await asyncio.sleep(0)
            return customer

        @staticmethod
        @audited("system.job.run")
        def job() -> str:
            return "job"

        @classmethod
        @audited("system.job.run")
        def other(cls) -> str:
            return cls.__name__

    assert inspect.iscoroutinefunction(Reports.view)
    assert asyncio.run(Reports().view("cust_1")) == "cust_1"
    assert (Reports.job(), Reports.other()) == ("job", "Reports")
    view, *jobs = left(trail, own)
    assert view["resource"] == {"type": "customer", "id": "cust_1"}
    assert [one["action"] for one in jobs] == ["system.job.run", "system.job.run"]


def test_blocks_nest_and_each_fills_in_its_own(trail: Trail, own: Recorder) -> None:
    with event("customer.pii.search", actor="usr_1") as outer:
        outer.detail(record_count=2)
        with event("customer.pii.view", actor="usr_1") as inner:
            inner.subject("cust_1")
            assert prooftrail.current_draft() is inner
        assert prooftrail.current_draft() is outer
    inner_event, outer_event = left(trail, own)
    assert inner_event["subjects"] == ["cust_1"]
    assert "subjects" not in outer_event
    assert outer_event["details"] == {"record_count": 2}


def test_what_did_not_happen_is_dropped(trail: Trail, own: Recorder) -> None:
    with event("customer.pii.search", actor="usr_1") as e:
        e.drop()
    assert left(trail, own) == []


def test_a_block_says_its_own_outcome(trail: Trail, own: Recorder) -> None:
    with event("auth.login.failure", actor={"type": "anonymous"}) as e:
        e.failed(reason="bad_password")
    with event("customer.pii.view", actor="usr_1") as e:
        e.denied(reason="not your customer")
    failure, denied = left(trail, own)
    assert (failure["result"], denied["result"]) == ("failure", "denied")
    assert denied["details"] == {"reason": "not your customer"}


def test_a_bad_detail_costs_itself_and_not_the_event(
    trail: Trail, own: Recorder
) -> None:
    with event("customer.pii.view", actor="usr_1", resource=("customer", "c")) as e:
        e.detail(photo=b"bytes")
    found = only(trail, own)
    assert found["resource"] == {"type": "customer", "id": "c"}
    assert found["details"] == {
        "photo": "[cannot be recorded]",
        "not_recorded": ["details.photo"],
    }


def test_a_filler_that_fails_costs_its_part_alone(trail: Trail, own: Recorder) -> None:
    @audited(
        "customer.pii.view",
        resource=lambda customer: ("customer", customer["id"]),
        subjects=lambda customer: 7 / customer,
    )
    def view(customer: dict[str, str]) -> str:
        return customer["id"]

    assert view({"id": "cust_1"}) == "cust_1"
    found = only(trail, own)
    assert found["resource"] == {"type": "customer", "id": "cust_1"}
    assert found["details"] == {"not_filled_in": ["subjects: TypeError"]}


def test_a_closed_success_that_cannot_be_recorded_is_not_returned(trail: Trail) -> None:
    done = []

    @audited("customer.pii.export", actor="usr_1")
    def export() -> str:
        done.append(1)
        return "file"

    with recorder(trail, patience=0.3) as own:
        prooftrail.use(own)
        own.close()
        with pytest.raises(RecordError):
            export()
    assert done == [1]


def test_a_failure_that_cannot_be_recorded_stays_what_it_was(trail: Trail) -> None:
    @audited("customer.pii.export", actor="usr_1")
    def export() -> None:
        raise ValueError("the business's own")

    with recorder(trail, patience=0.3) as own:
        prooftrail.use(own)
        own.close()
        with pytest.raises(ValueError, match="own") as caught:
            export()
    assert "not recorded" in "".join(caught.value.__notes__)


def test_a_success_rides_the_transaction_and_a_failure_survives_it(
    trail: Trail, own: Recorder
) -> None:
    @audited("admin.role.change", actor="usr_1", connection=lambda c: c)
    def change(c: Any, *, fail: bool) -> None:
        c.execute("select 1")
        if fail:
            raise ValueError

    with psycopg.connect(trail.login_dsn("writer")) as connection:
        change(connection, fail=False)
        connection.rollback()
        assert left(trail, own) == []  # no event of success of what was rolled back
        change(connection, fail=False)
        connection.commit()
        with pytest.raises(ValueError):  # noqa: PT011
            change(connection, fail=True)
        connection.rollback()
    success, failure = left(trail, own)
    assert (success["result"], failure["result"]) == ("success", "failure")


def test_what_does_not_fit_is_refused_at_import() -> None:
    with pytest.raises(EventError, match=r"customer\.pii\.export"):
        audited("customer.pii.exprot")
    with pytest.raises(ConfigurationError, match="'customer'"):

        @audited("customer.pii.view", resource=lambda customer: ("customer", customer))
        def view(customer_id: str) -> None: ...

    with pytest.raises(ConfigurationError, match="result"):

        @audited("customer.pii.view", actor=lambda result: result)
        def seen() -> None: ...


def test_a_call_with_wrong_arguments_fails_as_it_would(
    trail: Trail, own: Recorder
) -> None:
    @audited("customer.pii.view", resource=lambda a: ("customer", a))
    def view(a: str) -> None: ...

    with pytest.raises(TypeError, match="'a'"):
        view()  # type: ignore[call-arg]
    assert only(trail, own)["result"] == "failure"


def test_the_actor_goes_with_threads_and_executors_that_are_told(
    trail: Trail, own: Recorder
) -> None:
    @audited("customer.pii.view")
    def view() -> None: ...

    with prooftrail.acting("usr_1", on_behalf_of={"userId": "usr_2", "password": "x"}):
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(prooftrail.carried(view)) for _ in range(8)]:
                done.result()
        thread = threading.Thread(target=prooftrail.carried(view))
        thread.start()
        thread.join()
        asyncio.run(asyncio.to_thread(view))
    found = left(trail, own)
    assert len(found) == 10
    assert {str(one["actor"]) for one in found} == {
        "{'onBehalfOf': {'userId': 'usr_2'}, 'userId': 'usr_1'}"
    }


def test_a_scope_that_ended_gives_its_actor_to_nobody(
    trail: Trail, own: Recorder
) -> None:
    late: list[Any] = []
    with prooftrail.scoped(prooftrail.Scope()) as scope:
        scope.bind("usr_1")
        late.append(prooftrail.carried(prooftrail.current_actor))
        assert prooftrail.current_actor() == {"userId": "usr_1"}
    assert late[0]() is None
    assert prooftrail.current_actor() is None
