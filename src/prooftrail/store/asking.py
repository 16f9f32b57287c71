"""Questions as statements.

Guarantees: a statement is put together from the `.sql` files and the fixed pieces of
this module; what people ask for is only ever bound to it. Each term is a condition that
an index serves under row-level security, where the question allows it; what a question
has beside its terms takes no index away from them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from psycopg import sql

from prooftrail.store import branching, files
from prooftrail.store.question import (
    AllOf,
    AnyOf,
    Exactly,
    Network,
    Not,
    Pattern,
    Position,
    Question,
    Span,
    Term,
    Within,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prooftrail.store.question import Condition, Match

_COLUMNS: Mapping[str, sql.SQL] = {
    "actor": sql.SQL("l.actor"),
    "role": sql.SQL("l.role"),
    "action": sql.SQL("l.action"),
    "resource": sql.SQL("l.resource_id"),
    "resource_type": sql.SQL("l.resource_type"),
    "result": sql.SQL("l.result"),
    "ip": sql.SQL("l.ip"),
    "pii": sql.SQL("l.pii"),
    "authorization": sql.SQL("l.authority"),
}
AUTHORITY: Final = _COLUMNS["authorization"]  # of an entry `l`
_KEY = sql.SQL("l.stream, l.seq, l.occurred_us")
_SUBJECT = sql.SQL("s.subject")
_ENTRY = sql.SQL("l")
_TOUCHED = sql.SQL("s")
_ALWAYS = sql.SQL("true")
_NEVER = sql.SQL("false")


class Touched(NamedTuple):
    """How it is asked whether an event touched somebody's data."""

    looked_for: str
    without: str  # below a negation


# Of a page's few events, each can be asked whether it is to be left out; what is looked
# for, perhaps far away, is found first. Of all events, none is asked by itself.
SOON: Final = Touched("search_touched_among", "search_touched")
ALL: Final = Touched("search_touched_among", "search_touched_among")
_HERE: Final = Touched("search_touched_here", "search_touched_here")


class Values(dict[str, Any]):
    """The values of a statement; calling it with one gives its placeholder."""

    def __call__(self, value: object) -> sql.Placeholder:
        """Bind a value."""
        name = f"v{len(self)}"
        self[name] = value
        return sql.Placeholder(name)


class Asked:
    """A question as statements: fixed pieces of SQL, and the values bound to them."""

    def __init__(
        self,
        question: Question,
        as_of: Mapping[int, int],
        before: Position | None,
        values: Values | None = None,
        *,
        touched: Touched = SOON,
    ) -> None:
        self.values = Values() if values is None else values
        self.lasts = {
            stream: seq
            for stream, seq in sorted(as_of.items())
            if seq >= 0 and (question.streams is None or stream in question.streams)
        }
        self._question = question
        self._before = before
        terms = list(question.terms)
        # one resource is looked for in two places; any further one is a condition
        leading = next((term for term in terms if term.column == "resource"), None)
        if leading is not None:
            terms.remove(leading)
        self._resource = leading
        self._conditions = [
            _holds(one, self.values, touched) for one in (*terms, *question.conditions)
        ]
        self._conditions += self._times(_ENTRY)
        if before is not None:
            self._conditions.append(
                sql.SQL(
                    "(l.occurred_us, l.seq, l.stream)"
                    " < ({}::bigint, {}::bigint, {}::smallint)"
                ).format(*map(self.values, before))
            )

    def page(self, limit: int) -> sql.Composed:
        """Return the statement of one page of keys, those by subjects aside."""
        bound = self.values(limit)
        if self._resource is not None:
            own, _ = self._by_resource(_KEY)
            return _page(own, bound)
        if len(self.lasts) == 1 or any(map(branching.leads, self._question.terms)):
            return _page(self._select(_KEY, self._scope(_ENTRY)), bound)
        each = sql.SQL("l.stream = s.stream and l.seq <= s.last")
        return query(
            "search_page_streams",
            streams=self.values(list(self.lasts)),
            lasts=self.values(list(self.lasts.values())),
            page=_page(self._select(_KEY, each), bound),
            limit=bound,
        )

    def touched(self, limit: int) -> tuple[sql.Composed, bool] | None:
        """Return the statement of one page of keys by subjects, if any are asked for.

        And whether an index gives them in order of time.
        """
        if self._resource is None:
            return None
        _, touched = self._by_resource(_KEY)
        bound = self.values(limit)
        statement = query("search_page_once", keys=touched, limit=bound)
        return statement, branching.is_one(self._resource)

    def keys(self) -> sql.Composed:
        """Return the keys of all that answers, each of them once."""
        return self._found(_KEY)

    def rows(self) -> sql.Composed:
        """Return what is counted of each event that answers, with its key."""
        return self._found(sql.SQL(files.query("figures_columns")))

    @property
    def is_keyed(self) -> bool:
        """Whether it is found in two places: by resource, and by subjects."""
        return self._resource is not None

    def _found(self, columns: sql.Composable) -> sql.Composed:
        if self._resource is None:
            return self._select(columns, self._scope(_ENTRY))
        own, touched = self._by_resource(columns)
        return query("search_union", own=own, touched=touched)

    def _select(self, columns: sql.Composable, *more: sql.Composable) -> sql.Composed:
        conditions = _all([*more, *self._conditions])
        return query("search_keys", columns=columns, conditions=conditions)

    def _by_resource(
        self, columns: sql.Composable
    ) -> tuple[sql.Composed, sql.Composed]:
        """Return what is found by resource_id, and by subjects."""
        matches = cast("Term", self._resource).matches
        here = self._scope(_ENTRY)
        there = _TOUCHED
        subjects = [
            _any(_SUBJECT, matches, self.values),
            self._scope(there),
            *self._times(there),
        ]
        own = _any(_COLUMNS["resource"], matches, self.values)
        return self._select(columns, here, own), query(
            "search_subject_keys",
            columns=columns,
            subjects=_all(subjects),
            conditions=_all([here, *self._conditions]),
        )

    def _scope(self, table: sql.SQL) -> sql.Composed:
        """Return the condition that an entry was there as of the first page."""
        if len(self.lasts) == 1:
            ((stream, last),) = self.lasts.items()
            return sql.SQL(
                "{t}.stream = {}::smallint and {t}.seq <= {}::bigint"
            ).format(self.values(stream), self.values(last), t=table)
        by_number = [self.lasts.get(number) for number in range(1, max(self.lasts) + 1)]
        return sql.SQL(
            "{t}.stream = any({}::smallint[]) and {t}.seq <= ({}::bigint[])[{t}.stream]"
        ).format(self.values(list(self.lasts)), self.values(by_number), t=table)

    def _times(self, table: sql.SQL) -> list[sql.Composed]:
        found = _period(table, self._question, self.values)
        if self._before is not None:
            found.append(
                sql.SQL("{}.occurred_us <= {}::bigint").format(
                    table, self.values(self._before.occurred_us)
                )
            )
        return found


def entry(question: Question, bound: Values) -> sql.Composable:
    """Return the condition that an entry `l` by itself answers a question."""
    conditions = [
        _holds(one, bound, _HERE) for one in (*question.terms, *question.conditions)
    ]
    conditions += _period(_ENTRY, question, bound)
    return _all(conditions)


def query(name: str, **pieces: sql.Composable) -> sql.Composed:
    """Return `sql/<name>.sql` with pieces of SQL, or placeholders, in it."""
    return sql.SQL(files.query(name)).format(**pieces)


def _page(keys: sql.Composed, limit: sql.Placeholder) -> sql.Composed:
    return query("search_page", keys=keys, limit=limit)


def _all(conditions: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(" and ").join(conditions) if conditions else _ALWAYS


def _period(
    table: sql.SQL, question: Question | Within, bound: Values
) -> list[sql.Composed]:
    found = []
    if question.from_us is not None:
        found.append(
            sql.SQL("{}.occurred_us >= {}::bigint").format(
                table, bound(question.from_us)
            )
        )
    if question.to_us is not None:
        found.append(
            sql.SQL("{}.occurred_us < {}::bigint").format(table, bound(question.to_us))
        )
    return found


def _holds(condition: Condition, bound: Values, touched: Touched) -> sql.Composable:
    """Return a condition, of an entry `l`.

    What is null holds of nothing: `is not true` has it so below a negation, and `and`
    and `or` keep it so above one.
    """
    match condition:
        case Term():
            return _of_term(condition, bound, touched.looked_for)
        case Within():
            return sql.SQL("({})").format(_all(_period(_ENTRY, condition, bound)))
        case Not(inner):
            below = Touched(touched.without, touched.without)
            return sql.SQL("({} is not true)").format(_holds(inner, bound, below))
        case AllOf(several):
            held = [_holds(one, bound, touched) for one in several]
            return sql.SQL("({})").format(_all(held))
        case AnyOf(several):
            held = [_holds(one, bound, touched) for one in several]
            if not held:
                return _NEVER
            return sql.SQL("({})").format(sql.SQL(" or ").join(held))


def _of_term(term: Term, bound: Values, touched: str) -> sql.Composable:
    """Return the condition of a term, of an entry `l`."""
    own = _any(_COLUMNS[term.column], term.matches, bound)
    if term.column != "resource":
        return own
    subjects = _any(_SUBJECT, term.matches, bound)
    return sql.SQL("({} or {})").format(own, query(touched, subjects=subjects))


def _any(column: sql.SQL, matches: Iterable[Match], bound: Values) -> sql.Composable:
    """Return the condition that one of the matches holds of a column."""
    exact = [match.value for match in matches if isinstance(match, Exactly)]
    kind: Literal["inet"] | None = "inet" if column == _COLUMNS["ip"] else None
    found: list[sql.Composable] = []
    if len(exact) == 1:
        found.append(sql.SQL("{} = {}").format(column, _cast(bound(exact[0]), kind)))
    elif exact:
        many = _cast(bound(exact), None if kind is None else "inet[]")
        found.append(sql.SQL("{} = any({})").format(column, many))
    found += [
        _ranges(column, match, bound)
        for match in matches
        if not isinstance(match, Exactly)
    ]
    if not found:
        return _NEVER
    return sql.SQL("({})").format(sql.SQL(" or ").join(found))


def _ranges(
    column: sql.SQL, match: Span | Pattern | Network, bound: Values
) -> sql.Composed:
    match match:
        case Network(first, last):
            return sql.SQL("({c} >= {}::inet and {c} <= {}::inet)").format(
                bound(first), bound(last), c=column
            )
        case Pattern(span, like):
            return sql.SQL("({} and {} like {})").format(
                _ranges(column, span, bound), column, bound(like)
            )
        case Span(low, None):
            return sql.SQL("{} >= {}").format(column, bound(low))
        case Span(low, high):
            return sql.SQL("({c} >= {} and {c} < {})").format(
                bound(low), bound(high), c=column
            )


def _cast(
    value: sql.Placeholder, kind: Literal["inet", "inet[]"] | None
) -> sql.Composable:
    """Return a value as an address; texts take the column's collation as they are."""
    return value if kind is None else sql.SQL("{}::{}").format(value, sql.SQL(kind))
