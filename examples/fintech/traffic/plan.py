"""What everybody does in ninety days, decided beforehand from a seed.

Guarantees: the same seed gives the same plan; a step says which answer it must get and
which events it leaves. Ids that the application makes stand as names in braces
(``{c12}``, ``{doc3}``), filled in by `drive` once they are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random  # noqa: TID251  seeded: a run can be repeated
from typing import TYPE_CHECKING, Any

from examples.fintech.traffic import people
from examples.fintech.traffic.truth import Expected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from examples.fintech.traffic.people import Person

DAYS = 90
WEEKEND = 5  # weekday() from here on


@dataclass
class Step:
    """One request, one run of a job, or of a script."""

    at: datetime
    method: str
    path: str
    status: int
    expect: tuple[Expected, ...]
    who: Person | None = None
    address: str = ""
    body: Mapping[str, Any] | list[Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)  # name: key of the answer


@dataclass
class Day:
    """One day: what comes first, one after another, then what goes on side by side."""

    day: date
    first: list[Step] = field(default_factory=list)
    lanes: list[list[Step]] = field(default_factory=list)
    last: list[Step] = field(default_factory=list)
    down: tuple[datetime, datetime] | None = (
        None  # when nothing runs, in the night after
    )


class Plan:
    """The plan of one seed.

    Args:
        seed: of all chance.
        begin: the first day.
        days: how many.
    """

    def __init__(self, seed: int, begin: date, days: int = DAYS) -> None:
        self.random = Random(seed)
        self.staff = people.staff(self.random)
        self.customers = people.customers(self.random)
        self.root = self.staff[0]
        self._idle = self.staff[11:13]  # of support, in nobody's plans
        self._begin = begin
        self._days = days

    def days(self) -> Iterator[Day]:
        """Yield the days, in order."""
        for number in range(self._days):
            day = Day(self._begin + timedelta(days=number))
            self._leave(number)
            if number == 0:
                day.first += self._founding(day.day)
            else:
                busy = day.day.weekday() < WEEKEND
                here = [one for one in self.staff if self._works(busy=busy)]
                day.lanes = [self._shift(one, day.day) for one in here]
            day.last += self._night(day.day)
            yield day

    def _leave(self, number: int) -> None:
        """Let those stay away whom nobody disables: one at once, one at half time."""
        away = self._idle[:1] if number == 1 else []
        away += self._idle[1:] if number == self._days // 2 else []
        self.staff = [one for one in self.staff if one not in away]

    def _works(self, *, busy: bool) -> bool:
        return self.random.random() < (0.85 if busy else 0.1)

    def _founding(self, day: date) -> list[Step]:
        """The root administrator adds everybody; support adds the customers."""
        at = moment(day, 6)
        steps = [login(self.root, at)]
        for one in self.staff[1:]:
            at += timedelta(seconds=20)
            body = {
                "id": one.id, "email": one.email, "name": one.name, "role": one.role,
                "password": one.password,
            }  # fmt: skip
            steps.append(
                call(self.root, at, "POST", "/admin/users", body, 201).leaving(
                    "admin.user.create", one.id
                )
            )
        support = next(one for one in self.staff if one.role == "support")
        steps.append(login(support, at))
        for number, customer in enumerate(self.customers):
            at += timedelta(seconds=30)
            made = call(support, at, "POST", "/customers", vars(customer), 201)
            made.keep = {f"c{number}": "id", f"a{number}": "account_id"}
            steps.append(made.leaving("customer.pii.create", f"{{c{number}}}"))
        steps.append(logout(support, at + timedelta(minutes=1)))
        steps.append(logout(self.root, at + timedelta(minutes=2)))
        return steps

    def _shift(self, person: Person, day: date) -> list[Step]:
        """One person's day, from logging in to logging out."""
        random = self.random
        at = moment(day, person.begins, random.randrange(60))
        ends = at + timedelta(hours=person.hours)
        steps = []
        if random.random() < 0.05:  # fingers slip
            steps.append(login(person, at, password="wrong"))
            at += timedelta(seconds=30)
        steps.append(login(person, at))
        todo = random.randrange(4, 9)
        for number in range(todo):
            at += (ends - at) * random.uniform(0.3, 1.0) / (todo - number)
            steps.append(self._work(person, at))
        steps.append(logout(person, ends))
        return steps

    def _work(self, person: Person, at: datetime) -> Step:
        number = self._customer()
        chance = self.random.random()
        if person.role == "ops":
            return self._data(person, at, chance)
        if person.role == "compliance" and chance < 0.3:
            return self._compliance(person, at, number, chance / 0.3)
        if person.role == "admin" and chance < 0.25:
            return self._administration(person, at, number, chance / 0.25)
        return self._customers_of(person, at, number, chance)

    def _customers_of(
        self, person: Person, at: datetime, number: int, chance: float
    ) -> Step:
        random = self.random
        place, one = f"/customers/{{c{number}}}", f"{{c{number}}}"
        if chance < 0.35:
            q = random.choice("abcdefghiklmnoprstu")
            found = call(person, at, "GET", f"/customers?q={q}", None, 200)
            return found.leaving("customer.pii.search")
        if person.role != "compliance" and chance < 0.45:
            body = {"phone": f"+49 40 {random.randrange(10**4, 10**5)} 5{number:03d}"}
            made = call(person, at, "PUT", place, body, 200)
            return made.leaving("customer.pii.update", one)
        if person.role == "support" and chance < 0.48:
            return call(person, at, "GET", "/customers/export", None, 403).leaving(
                "customer.pii.export", result="denied"
            )
        if chance < 0.5:
            missing = f"cust_missing{number}"
            return call(person, at, "GET", f"/customers/{missing}", None, 404).leaving(
                "customer.pii.view", missing, result="failure"
            )
        return call(person, at, "GET", place, None, 200).leaving(
            "customer.pii.view", one
        )

    def _compliance(
        self, person: Person, at: datetime, number: int, chance: float
    ) -> Step:
        place, one = f"/customers/{{c{number}}}", f"{{c{number}}}"
        if chance < 0.4:
            body = {"field": "ssn", "reason": f"case {number}"}
            return call(person, at, "POST", f"{place}/reveal", body, 200).leaving(
                "customer.pii.unmask", one
            )
        if chance < 0.8:
            status = self.random.choice(("pending", "verified", "rejected"))
            body = {"status": status, "reason": "yearly check"}
            return call(person, at, "PUT", f"{place}/kyc", body, 200).leaving(
                "customer.pii.kyc_update", one
            )
        body = {"kind": "access", "request_id": f"DSR-{self.random.randrange(10**6)}"}
        return call(person, at, "POST", f"{place}/privacy-requests", body, 200).leaving(
            "customer.pii.access_request", one
        )

    def _administration(
        self, person: Person, at: datetime, number: int, chance: float
    ) -> Step:
        place, one = f"/customers/{{c{number}}}", f"{{c{number}}}"
        body: dict[str, Any]
        if chance < 0.4:
            value = self.random.choice(("basic", "pro", "business"))
            name = f"billing_plan:{{a{number}}}"
            body = {"name": name, "value": value, "ticket": f"CHG-{number}"}
            return call(person, at, "POST", "/admin/config", body, 200).leaving(
                "admin.config.update"
            )
        if chance < 0.7:
            body = {
                "provider": "Credit Bureau",
                "purpose": "scoring",
                "fields": ["name"],
            }
            return call(person, at, "POST", f"{place}/share", body, 200).leaving(
                "customer.pii.share", one
            )
        body = {"marketing": self.random.random() < 0.5}
        return call(person, at, "PUT", f"{place}/consent", body, 200).leaving(
            "customer.pii.consent_update", one
        )

    def _data(self, person: Person, at: datetime, chance: float) -> Step:
        if chance < 0.3:
            body: dict[str, Any] = {"dataset": "accounts"}
            return call(person, at, "POST", "/data/exports", body, 202).leaving(
                "data.export.create"
            )
        ids = [f"{{a{self._customer()}}}" for _ in range(3)]
        body = {"account_ids": ids, "plan": self.random.choice(("basic", "pro"))}
        return call(person, at, "POST", "/data/accounts/bulk", body, 200).leaving(
            "bulk.records.update"
        )

    def _night(self, day: date) -> list[Step]:
        """What cron does."""
        jobs = ["process-export", "purge-expired"]
        if day.weekday() == 0:
            jobs.append("sync-approvals")
        return [
            Step(
                moment(day, 23, 30 + number),
                "JOB",
                name,
                0,
                (Expected("system.job.run", actor="system", resource=name),),
            )
            for number, name in enumerate(jobs)
        ]

    def _customer(self) -> int:
        """Some customers call more often than others."""
        found = int(self.random.paretovariate(0.7)) - 1
        return (
            found
            if found < people.CUSTOMERS
            else self.random.randrange(people.CUSTOMERS)
        )


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """Return a time of a day, UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


class Call(Step):
    """A request that is to leave one event."""

    def leaving(
        self, action: str, resource: str | None = None, *, result: str = "success"
    ) -> Step:
        """Say which event it leaves."""
        actor = None if self.who is None else self.who.id
        glass = "x-break-glass-reason" in self.headers
        self.expect = (Expected(action, result, actor, resource, glass),)
        return self


def call(
    person: Person | None,
    at: datetime,
    method: str,
    path: str,
    body: Mapping[str, Any] | list[Any] | None,
    status: int,
) -> Call:
    """Return a request of somebody who is logged in."""
    address = "" if person is None else person.address
    return Call(at, method, path, status, (), person, address, body)


def login(
    person: Person,
    at: datetime,
    *,
    password: str | None = None,
    address: str | None = None,
    good: bool = True,
) -> Step:
    """Return somebody logging in, or another one trying to."""
    fails = password is not None or not good
    body = {"email": person.email, "password": password or person.password}
    step = call(person, at, "POST", "/auth/login", body, 401 if fails else 200)
    step.address = address or person.address
    name = "auth.login.failure" if fails else "auth.login.success"
    actor = None if fails else person.id
    result = "failure" if fails else "success"
    step.expect = (Expected(name, result, actor, person.id),)
    return step


def logout(person: Person, at: datetime) -> Step:
    """Return somebody logging out."""
    return call(person, at, "POST", "/auth/logout", None, 204).leaving(
        "auth.logout", person.id
    )
