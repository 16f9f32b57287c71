"""No false alarms, 20 and 21: settings of all kinds; writers, locks and rollbacks.

Dumps, restores and major upgrades have tests of their own (`test_dump`); crashes too.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.attacks.rig import MAIN, SIDE, Attacked, event
from tests.trail import now_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

SETTINGS = [
    ("timezone", "Asia/Tokyo"),
    ("timezone", "America/St_Johns"),
    ("datestyle", "SQL, DMY"),
    ("datestyle", "German"),
    ("intervalstyle", "sql_standard"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-15"),
    ("client_encoding", "LATIN1"),
    ("client_encoding", "SJIS"),
    ("search_path", "pg_temp, public, prooftrail"),
    ("lc_messages", "C"),
    ("lc_numeric", "C"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("row_security", "off"),
    ("standard_conforming_strings", "off"),
    ("backslash_quote", "off"),
    ("quote_all_identifiers", "on"),
    ("jit", "on"),
    ("transform_null_equals", "on"),
    ("array_nulls", "off"),
    ("xmloption", "document"),
    ("statement_timeout", "50ms"),
    ("enable_indexscan", "off"),
    ("enable_seqscan", "off"),
    ("work_mem", "64kB"),
    ("jit_above_cost", "0"),
    ("max_parallel_workers_per_gather", "4"),
]

EVENTS = [
    event(2_001) | {"actor": {"userId": "Ünïcøde 日本", "role": "ÄRZTIN"}},
    event(2_003) | {"timestamp": "1969-12-31T23:59:59.999999Z"},
    event(2_005) | {"timestamp": "0001-01-01T00:00:00Z"},
    event(2_007) | {"actor": {"userId": "u", "ipAddress": "::ffff:10.0.0.1"}},
    event(2_009) | {"subjects": ["ß", "ss", "Z", "a", "\U0001f600", "\uffee"]},
]


@pytest.fixture
def grown(attacked: Attacked) -> Attacked:
    """Give a log with what a locale could read another way."""
    attacked.insert(*EVENTS)
    with attacked.sealer() as sealer:
        assert sealer.drain().events == len(EVENTS)
    attacked.sign()
    return attacked


def test_20_a_clock_that_ran_an_hour_ahead_is_set_right(attacked: Attacked) -> None:
    attacked.insert(event(3_000))
    with attacked.sealer() as sealer:
        assert sealer.drain().events == 1
    # what was sealed while both clocks ran ahead, and an event that came just before
    # they were set right: its time is that of its receipt
    attacked.disarm()
    ahead = attacked.forger().row(MAIN)
    ahead = ahead._replace(recorded_us=now_us() + 3_600_000_000).hashed()
    attacked.forger().write(ahead)
    attacked.forger().correct_head()
    attacked.rearm()
    untimed = {key: item for key, item in event(3_002).items() if key != "timestamp"}
    attacked.execute(
        "insert into prooftrail.inbox (event, received_at)"
        " values (%s, clock_timestamp() + interval '1 hour')",
        (json.dumps(untimed),),
    )
    attacked.insert(event(3_003))
    with attacked.sealer(rows=1) as sealer:
        done = sealer.drain()
    assert (done.events, done.statements, done.quarantined) == (2, 1, 0)
    times = {row.recorded_us for row in attacked.forger().rows(MAIN)}
    assert times == {ahead.recorded_us}
    attacked.sign()
    report = attacked.verify(anchored=True)
    assert report.verdict.exit_code == 0
    assert [one.kind.value for one in report.findings] == ["clock"]


def check(attacked: Attacked, entries: int = MAIN + len(EVENTS)) -> None:
    report = attacked.verify(anchored=True)
    assert report.findings == []
    assert [one.entries for one in report.streams] == [entries, SIDE]
    assert [one.anchored and one.anchored.size for one in report.streams] == [
        entries,
        SIDE,
    ]


def test_20_settings_of_the_database_and_the_role(grown: Attacked) -> None:
    name = grown.trail.database
    for setting, value in SETTINGS:
        for target in (
            f"database {name}",
            f"role prooftrail_verifier in database {name}",
        ):
            quoted = value if "," in value else f"'{value}'"
            grown.execute(f"alter {target} set {setting} = {quoted}")
            check(grown)
            if setting == "statement_timeout":
                grown.execute(f"alter {target} reset {setting}")
    # the sealer and the signer too: what they write under these settings verifies
    grown.seal(2_101, 10)
    grown.sign()
    check(grown, MAIN + len(EVENTS) + 10)
    for setting, _ in SETTINGS:
        grown.execute(f"alter database {name} reset {setting}")
    check(grown, MAIN + len(EVENTS) + 10)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGTZ", "Asia/Tokyo"),
        ("PGDATESTYLE", "SQL, DMY"),
        ("PGCLIENTENCODING", "LATIN1"),
        ("PGOPTIONS", "-c bytea_output=escape -c timezone=Asia/Kathmandu"),
        ("TZ", "Pacific/Apia"),
        ("LC_ALL", "C"),
        ("LANG", "tr_TR.UTF-8"),
    ],
)
def test_20_the_callers_environment(
    grown: Attacked, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    time.tzset()
    try:
        check(grown)
        grown.seal(2_101, 3)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert grown.verify(anchored=True).findings == []


def test_20_maintenance(grown: Attacked) -> None:
    for statement in (
        "vacuum full prooftrail.log",
        "analyze",
        "reindex schema prooftrail",
        "cluster prooftrail.daily using daily_key",
        "vacuum freeze",
    ):
        grown.execute(statement)
        check(grown)


class Working:
    """Threads that repeat their work until they are told to stop."""

    def __init__(self, *work: Callable[[], object]) -> None:
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(one,)) for one in work
        ]

    def __enter__(self) -> Self:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._threads:
            one.join()

    def _repeat(self, work: Callable[[], object]) -> None:
        try:
            while not self._stop.is_set():
                work()
        except BaseException as error:  # noqa: BLE001  told by the test itself
            self.errors.append(error)


def test_21_verified_while_writers_sealer_and_signer_work(attacked: Attacked) -> None:
    numbers = itertools.count(10_000, 10)  # next() is atomic

    def write() -> None:
        first = next(numbers)
        attacked.insert(*(event(first + step) for step in range(10)))
        attacked.insert(event(first), stream="side")

    with attacked.sealer(rows=50) as sealer:
        with Working(write, write, sealer.turn, attacked.sign) as working:
            for _ in range(12):
                assert attacked.verify(anchored=True).findings == []
        assert working.errors == []
        sealer.drain()
    attacked.sign()
    report = attacked.verify(anchored=True)
    assert report.findings == []
    assert report.streams[0].anchored is not None
    assert report.streams[0].anchored.size == report.streams[0].stop
    assert report.streams[0].stop > MAIN


def test_21_long_transactions_rollbacks_and_late_commits(attacked: Attacked) -> None:
    def write(number: int) -> psycopg.Connection[tuple[object, ...]]:
        login = psycopg.connect(attacked.trail.login_dsn("writer"))
        with login.cursor() as cursor:
            for step in range(5):
                cursor.execute(
                    "insert into prooftrail.inbox (event) values (%s)",
                    (json.dumps(event(number + step)),),
                )
        return login

    open_ones = [write(20_000 + 10 * n) for n in range(9)]
    with attacked.sealer() as sealer:
        assert sealer.drain().events == 0
        attacked.seal(21_000, 5)
        # the later ones first, every third not at all
        for n, login in reversed(list(enumerate(open_ones))):
            if n % 3 == 0:
                login.rollback()
            else:
                login.commit()
            login.close()
            done = sealer.drain()
            assert done.events == (0 if n % 3 == 0 else 5)
            assert attacked.verify(anchored=True).findings == []
    ids = [
        str(row[0])
        for row in attacked.execute(
            "select event_id from prooftrail.log where stream = 1 and seq >= %s",
            (MAIN,),
        ).fetchall()
    ]
    expected = [
        event(20_000 + 10 * n + step)["eventId"]
        for n in range(9)
        if n % 3
        for step in range(5)
    ] + [event(21_000 + step)["eventId"] for step in range(5)]
    assert sorted(ids) == sorted(expected)


def test_21_verified_beside_locks_that_a_dump_or_an_upgrade_takes(
    attacked: Attacked,
) -> None:
    with psycopg.connect(attacked.trail.dsn) as other:
        other.execute("lock table prooftrail.log in share update exclusive mode")
        other.execute("lock table prooftrail.inbox in row exclusive mode")
        other.execute("select * from prooftrail.head for update")
        assert attacked.verify(anchored=True).findings == []
        other.rollback()
