"""A phrase, heard from left to right.

Guarantees: each word is heard as one thing, or ends the phrase with an error; a word
that may mean two things there is refused with both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prooftrail.search.language import (
    moments,
    periods,
    resolving,
    suggesting,
    vocabulary,
)
from prooftrail.search.language.roles import role_of
from prooftrail.search.language.walking import Walk, is_id, shown, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from prooftrail.search.language.moments import Word

_AHEAD: Final = 16  # words that a time takes at most
_OWNED: Final = frozenset(
    {"data", "record", "records", "file", "files", "profile", "details"}
)
_AND: Final = frozenset({"and", "or"})
_TRIED: Final = (("tried", "to"), ("attempted", "to"), ("attempts", "to"))


@dataclass
class Listener(Walk):
    """Hears a phrase, word by word."""

    now_us: int = 0
    heard: resolving.Heard = field(default_factory=resolving.Heard)

    def hear(self) -> resolving.Heard:
        """Hear all of it."""
        self._openings()
        hears: tuple[Callable[[], bool], ...] = (
            self._time,
            self._address,
            self._by,
            self._stream,
            self._subject,
            self._action_name,
            self._owner,
            self._tried,
            self._longest,
            self._id,
            self._link,
            self._and,
            self._empty,
        )
        while self.at < len(self.words):
            if not any(hear() for hear in hears):
                raise self.unknown(self.words[self.at])
        self.heard.end = self.words[-1] if self.words else None
        return self.heard

    # One at a time: each returns whether it was that, and has gone on behind it.

    def _openings(self) -> None:
        while True:
            asked_of = self.longest_of(vocabulary.ASKED_OF)
            count = asked_of or self.longest_of(vocabulary.OPENINGS)
            if count == 0:
                return
            self.last = "asked of" if asked_of else "opening"
            self.at += count
            while self.folded() in vocabulary.ARTICLES and self.folded(1) != "":
                self.at += 1

    def _time(self) -> bool:
        found = moments.read(self.words[self.at : self.at + _AHEAD], self.now_us)
        if found is None:
            return False
        if self.heard.period is not None:
            raise self.error("a time is told twice: leave one out")
        self.heard.period = found.period
        return self.on(found.words, "time")

    def _address(self) -> bool:
        count = 1 if self.folded() in {"from", "at"} else 0
        word = self.word(count)
        if word is None or not suggesting.is_address(word.text):
            if count and word is not None and self.folded() == "from":
                raise self.error(
                    f"behind 'from' stands an address or a time, and {shown(word)} is "
                    f"neither: write from 203.0.113.42, or {periods.HINT}",
                    word,
                )
            return False
        self.heard.addresses.append(word.text)
        return self.on(count + 1, "address")

    def _by(self) -> bool:
        if self.folded() != "by":
            return False
        self.on(1, "by")
        count = self._role(named=True)
        if count:
            return self.on(count, "actor")
        self.skip(vocabulary.ARTICLES)
        self.skip({"user", "users", "person", "actor"})
        word = self.word()
        if word is None:
            raise self.error("by whom? Write an id, such as by usr_7")
        if word.folded in vocabulary.ANYBODY:
            return self.on(1, "actor")
        if not is_id(word):
            raise self.error(
                f"{shown(word)} is no id: write whoever it was by the userId (by "
                f"usr_7, by dani@company.com); if {shown(word)} is one, write "
                f"actor:{value(word)}; if it is a role, role:{value(word)}"
            )
        self._ids(self.heard.actors)
        return self.on(0, "actor")

    def _stream(self) -> bool:
        count = 0
        while self.folded(count) in {"in", "the", "of"}:
            count += 1
        if self.folded(count) not in {"stream", "streams"}:
            return False
        word = self.word(count + 1)
        if word is None:
            raise self.error("which stream? Write in stream main")
        self.heard.streams.append(word.text)
        return self.on(count + 2, "stream")

    def _subject(self) -> bool:
        """Hear who did it, where a question begins so: "which admins", "did anyone"."""
        if self.last not in {"opening", "asked of"}:
            return False
        if self.folded() in vocabulary.ANYBODY:
            return self.on(1, "subject")
        count = self._role(named=False)
        if count:
            if self.folded(count) in {"was", "were"}:
                raise self.error(
                    "this may be who did it, or whom it was done to: write by admins, "
                    "or the id of whom"
                )
            return self.on(count, "subject")
        people = self.folded() in {"user", "users", "people", "staff", "employees"}
        if people and (
            self.folded(1) in {"who", "that"} or self.is_id_at(1) or self.verb(1)
        ):
            return self.on(1, "asked of" if self.is_id_at(1) else "subject")
        return False

    def _action_name(self) -> bool:
        word = self.words[self.at]
        if "@" in word.text or not re.fullmatch(r"[\w-]+(\.[\w*-]+)+", word.text):
            return False
        if suggesting.is_address(word.text):
            return False
        known = suggesting.actions()
        begin = word.folded.partition("*")[0]
        if word.folded not in known and not (
            "*" in word.folded and any(one.startswith(begin) for one in known)
        ):
            near = suggesting.near(word.text, known)
            hint = f"did you mean {near}?" if near else f"write action:{value(word)}"
            raise self.error(f"there is no event type {shown(word)}: {hint}")
        self.heard.actions.append(word.folded)
        return self.on(1, "act")

    def _owner(self) -> bool:
        """Hear an id's owning: "usr_7's exports", "cust_456's data"."""
        word = self.words[self.at]
        if not word.owns or not is_id(word):
            return False
        after = self.folded(1)
        if self.starts(vocabulary.OBJECTS, 1) or after in _OWNED:
            self.heard.resources.append(word.text)
            self.at += 1
            if after in _OWNED:
                self.heard.objects.append(("pii", self.words[self.at]))
                self.at += 1
            return self.on(0, "object")
        if self.starts(vocabulary.ACTS, 1):
            self.heard.actors.append(word.text)
            return self.on(1, "subject")
        raise self.error(f"{shown(word)} what? Write {word.text}'s activity")

    def _tried(self) -> bool:
        if (self.folded(), self.folded(1)) not in _TRIED:
            return False
        self.heard.tried = True
        return self.on(2, "tried")

    def _longest(self) -> bool:
        """Hear an act, a thing or a result: whatever takes the most words."""
        tables = (vocabulary.RESULTS, vocabulary.ACTS, vocabulary.OBJECTS)
        counts = [self.longest_of(table) for table in tables]
        count = max(counts)
        if count == 0:
            return False
        kind = counts.index(count)
        word = self.words[self.at]
        meaning = tables[kind][tuple(self.folded(n) for n in range(count))]
        if kind == 0:
            if self.heard.result not in {None, meaning}:
                raise self.error("two results are told: leave one out, or ask twice")
            self.heard.result = meaning
            return self.on(count, "result")
        if kind == 1:
            others = {act for act, _ in self.heard.acts} - {"do", meaning}
            if others and meaning != "do" and self.last != "and":
                raise self.error(
                    "two things are told that were done: write or between them, or ask "
                    "for one at a time"
                )
            self.heard.acts.append((meaning, word))
            return self.on(count, "act")
        self.heard.objects.append((meaning, word))
        return self.on(count, "object")

    def _id(self) -> bool:
        word = self.words[self.at]
        if not is_id(word):
            return False
        begins = self.at == 0 and self.verb(1)
        if self.last == "asked of" or begins:
            self._ids(self.heard.actors)
            return self.on(0, "subject")
        did = self.heard.acts[-1:] and self.heard.acts[-1][0] == "do"
        if self.last == "link of" or (
            self.last == "link" and self.heard.acts[-1:] and not self._touches()
        ):
            self._of_what_was_done(word)
            return True
        if self.last in {"link", "link of", "object"} or (
            self.last == "act" and self.heard.acts and not did
        ):
            self._ids(self.heard.resources)
            return self.on(0, "resource")
        raise self.error(
            f"{shown(word)} may be who did it (write by {word.text}, or "
            f"actor:{value(word)}) or whom or what it was done to (write to "
            f"{word.text}, or resource:{value(word)})"
        )

    def _touches(self) -> bool:
        """Whether what was done is done to somebody's data, or to something."""
        return self.heard.acts[-1][0] not in vocabulary.BY_ONESELF

    def _of_what_was_done(self, word: Word) -> None:
        """Hear whose activity it is; whose logins or exports may mean two things."""
        told = self.words[self.at - 1].folded if self.at else ""
        done = self.heard.acts[-1][1].folded if self.heard.acts else "this"
        if done not in {"activity", "activities", "action", "actions"}:
            raise self.error(
                f"{done} {told} {shown(word)} may be what {word.text} did (write by "
                f"{word.text}, or actor:{value(word)}) or what was done to it (write "
                f"to {word.text}, or resource:{value(word)})"
            )
        self._ids(self.heard.actors)
        self.last = "actor"

    def _link(self) -> bool:
        link = self.folded()
        if link not in vocabulary.LINKS:
            return False
        count = 1
        while self.folded(count) in vocabulary.ARTICLES:
            count += 1
        follows = self.word(count)
        if follows is None:
            raise self.error(f"{link} what? Write an id, or what it is")
        if not (
            self.is_id_at(count)
            or self.starts(vocabulary.OBJECTS, count)
            or self.starts(vocabulary.ACTS, count)
        ):
            raise self.unknown(follows)
        # "customers of", "data of" is whose; "exports of" may be by or to whom
        of_act = link == "of" and self.last != "object"
        return self.on(count, "link of" if of_act else "link")

    def _and(self) -> bool:
        """Hear that acts are joined: "viewed or exported"."""
        if self.folded() not in _AND or self.last != "act":
            return False
        return self.starts(vocabulary.ACTS, 1) and self.on(1, "and")

    def _empty(self) -> bool:
        if self.folded() not in vocabulary.EMPTY:
            return False
        return self.on(1, self.last)

    # What these are made of.

    def _role(self, *, named: bool) -> int:
        """Hear a role, such as "admins" or "an admin"; return of how many words.

        Raises:
            QueryError: a word may be a role, or somebody.
        """
        count, article = 0, ""
        while self.folded(count) in vocabulary.ARTICLES:
            article = self.folded(count)
            count += 1
        word, after = self.word(count), self.folded(count + 1)
        if word is None:
            return 0
        if self.heard.acts and not named:
            return 0
        found = role_of(word, after, article, named=named)
        if found is None:
            return 0
        role, further = found
        count += further
        self.heard.roles.append(role)
        while named and self.folded(count) in _AND:
            self.at += count + 1
            count = self._role(named=True)
            if count == 0:
                raise self.unknown(self.word() or word)
        return count

    def _ids(self, into: list[str]) -> None:
        """Hear an id, and those that are joined to it."""
        into.append(self.words[self.at].text)
        self.at += 1
        while self.is_id_at(0) or (self.folded() in _AND and self.is_id_at(1)):
            self.at += 0 if self.is_id_at(0) else 1
            into.append(self.words[self.at].text)
            self.at += 1
