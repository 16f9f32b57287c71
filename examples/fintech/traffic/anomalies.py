"""What must not go unseen: planted into the plan, and written down as the truth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from examples.fintech.traffic.plan import Day, Plan, Step, call, login, logout, moment
from examples.fintech.traffic.truth import Anomaly, Expected, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from examples.fintech.traffic.people import Person

BRUTE, SPRAY, UNKNOWN = "203.0.113.66", "203.0.113.77", "203.0.113.88"
LOCK_AFTER = 5


def plant(plan: Plan, day: Day, number: int, truth: Truth) -> None:
    """Add what is planned for a day, if anything is.

    Args:
        plan: whose people are used.
        day: to be added to, before its lanes and after them.
        number: of the day, from 0.
        truth: gets the anomalies.
    """
    maker = _PLANTED.get(number)
    if maker is not None:
        maker(plan, day, truth)


def _note(
    truth: Truth,
    kind: str,
    steps: Iterable[Step],
    accounts: Iterable[str] = (),
    addresses: Iterable[str] = (),
) -> None:
    times = [one.at for one in steps]
    truth.anomalies.append(
        Anomaly(
            kind,
            min(times).isoformat(),
            max(times).isoformat(),
            tuple(accounts),
            tuple(addresses),
        )
    )


def _guessing(plan: Plan, day: Day, truth: Truth) -> None:
    """A dozen passwords on one account, and the lock that ends it."""
    target = plan.staff[5]
    at = moment(day.day, 3)
    steps = []
    for number in range(12):
        step = login(target, at, password=f"Summer{number}", address=BRUTE, good=False)
        if number + 1 == LOCK_AFTER:
            lock = Expected("auth.account.lock", "success", "lockout", target.id)
            step.expect = (*step.expect, lock)
        steps.append(step)
        at += timedelta(seconds=50)
    day.first += steps
    _note(truth, "guessing", steps, [target.id], [BRUTE])


def _spray(plan: Plan, day: Day, truth: Truth) -> None:
    """One password on everybody, from one address, in four minutes."""
    at = moment(day.day, 4)
    steps = []
    for target in plan.staff:
        steps.append(
            login(target, at, password="Spring2026!", address=SPRAY, good=False)
        )
        at += timedelta(seconds=10)
    day.first += steps
    _note(truth, "spray", steps, [one.id for one in plan.staff], [SPRAY])


def _unknown(plan: Plan, day: Day, truth: Truth) -> None:
    """Names that nobody has, one after another."""
    at = moment(day.day, 2)
    steps = []
    for number in range(15):
        body = {"email": f"admin{number}@fintech.example", "password": "admin"}
        step = call(None, at, "POST", "/auth/login", body, 401)
        step.address = UNKNOWN
        step.expect = (Expected("auth.login.failure", "failure"),)
        steps.append(step)
        at += timedelta(minutes=1)
    day.first += steps
    _note(truth, "enumeration", steps, (), [UNKNOWN])


def _export_at_night(plan: Plan, day: Day, truth: Truth) -> None:
    """An administrator takes all customers with him, at half past two."""
    admin = _second(plan, "admin")
    at = moment(day.day, 2, 30)
    taken = call(
        admin, at + timedelta(minutes=2), "GET", "/customers/export", None, 200
    )
    steps = [
        login(admin, at),
        taken.leaving("customer.pii.export"),
        logout(admin, at + timedelta(minutes=5)),
    ]
    day.first += steps
    _note(truth, "mass access", steps, [admin.id], [admin.address])


def _self_granted(plan: Plan, day: Day, truth: Truth) -> None:
    """An administrator gives himself a permission that nobody approved, and uses it."""
    admin = _second(plan, "admin")
    at = moment(day.day, 5)
    body = {"permission": "customers:reveal", "grant": True}
    path = f"/admin/users/{admin.id}/permissions"
    granted = call(admin, at, "PUT", path, body, 200).leaving(
        "admin.permission.grant", admin.id
    )
    steps = [login(admin, at), granted]
    for number in range(4):
        at += timedelta(minutes=1)
        reveal = {"field": "ssn", "reason": "checking"}
        place = f"/customers/{{c{number}}}/reveal"
        steps.append(
            call(admin, at, "POST", place, reveal, 200).leaving(
                "customer.pii.unmask", f"{{c{number}}}"
            )
        )
    steps.append(logout(admin, at + timedelta(minutes=1)))
    day.first += steps
    _note(truth, "privilege escalation", steps[1:2], [admin.id], [admin.address])


def _probing(plan: Plan, day: Day, truth: Truth) -> None:
    """Somebody of support tries what he may not, a dozen times."""
    person = next(one for one in plan.staff if one.role == "support")
    at = moment(day.day, 5, 30)
    steps = [login(person, at)]
    for number in range(12):
        at += timedelta(seconds=40)
        body = {"name": f"setting{number}", "value": "on"}
        steps.append(
            call(person, at, "POST", "/admin/config", body, 403).leaving(
                "admin.config.update", result="denied"
            )
        )
    day.first += [*steps, logout(person, at + timedelta(minutes=1))]
    _note(truth, "denial probing", steps[1:], [person.id], [person.address])


def _break_glass(plan: Plan, day: Day, truth: Truth) -> None:
    """Somebody of operations looks at a customer in an emergency, and says why."""
    person = next(one for one in plan.staff if one.role == "ops")
    at = moment(day.day, 1)
    seen = call(person, at + timedelta(minutes=1), "GET", "/customers/{c7}", None, 200)
    seen.headers = {"x-break-glass-reason": "payment outage INC-77"}  # before leaving()
    steps = [
        login(person, at),
        seen.leaving("customer.pii.view", "{c7}"),
        logout(person, at + timedelta(minutes=9)),
    ]
    day.first += steps
    _note(truth, "break-glass", steps[1:2], [person.id], [person.address])


def _past_the_application(plan: Plan, day: Day, truth: Truth) -> None:
    """Somebody of operations reads customers by a script; nothing says who let him."""
    person = [one for one in plan.staff if one.role == "ops"][1]
    at = moment(day.day, 0, 30)
    steps = []
    for number in range(3):
        at += timedelta(minutes=1)
        customer = f"{{c{number + 20}}}"
        expected = Expected(
            "customer.pii.view", "success", person.id, customer, unexplained=True
        )
        steps.append(Step(at, "SCRIPT", customer, 0, (expected,), person))
    day.first += steps
    _note(truth, "unexplained access", steps, [person.id])


def _down(plan: Plan, day: Day, truth: Truth) -> None:
    """The application is stopped for some minutes at midnight."""
    del plan, truth
    begins = moment(day.day, 23, 50)
    day.down = (begins, begins + timedelta(minutes=25))


def _leaver(plan: Plan, day: Day, truth: Truth) -> None:
    """Somebody left yesterday, is still let in, and is disabled a day late."""
    person = plan.staff[10]  # of support, and neither founder nor target
    left = day.day - timedelta(days=1)
    truth.leavers[person.id] = left.isoformat()
    at = moment(day.day, 5)
    seen = call(person, at + timedelta(minutes=3), "GET", "/customers/{c3}", None, 200)
    steps = [
        login(person, at),
        seen.leaving("customer.pii.view", "{c3}"),
        logout(person, at + timedelta(minutes=9)),
    ]
    body = {"status": "disabled", "reason": "left the company"}
    at += timedelta(hours=1)
    path = f"/admin/users/{person.id}/status"
    day.first += [
        *steps,
        login(plan.root, at),
        call(plan.root, at + timedelta(minutes=1), "POST", path, body, 200).leaving(
            "admin.user.disable", person.id
        ),
        logout(plan.root, at + timedelta(minutes=2)),
    ]
    plan.staff.remove(person)
    day.lanes = [lane for lane in day.lanes if lane[0].who is not person]
    _note(truth, "leaver's use", steps, [person.id], [person.address])


def _unlock(plan: Plan, day: Day, truth: Truth) -> None:
    """The account that was locked is released."""
    del truth
    target, at = plan.staff[5], moment(day.day, 5)
    body = {"status": "unlocked", "reason": "called back"}
    path = f"/admin/users/{target.id}/status"
    day.first += [
        login(plan.root, at),
        call(plan.root, at + timedelta(minutes=1), "POST", path, body, 200).leaving(
            "admin.user.unlock", target.id
        ),
        logout(plan.root, at + timedelta(minutes=2)),
    ]


def _second(plan: Plan, role: str) -> Person:
    return [one for one in plan.staff if one.role == role][1]


def _both(*makers: Callable[[Plan, Day, Truth], None]) -> Callable[..., None]:
    def maker(plan: Plan, day: Day, truth: Truth) -> None:
        for one in makers:
            one(plan, day, truth)

    return maker


_PLANTED: dict[int, Callable[[Plan, Day, Truth], None]] = {
    12: _down,
    20: _both(_guessing, _unlock),
    33: _spray,
    40: _break_glass,
    47: _export_at_night,
    50: _self_granted,
    55: _probing,
    60: _unknown,
    62: _leaver,
    70: _past_the_application,
    75: _down,
}
