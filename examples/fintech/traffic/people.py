"""Who works at the company, who its customers are, and from where people come."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random  # noqa: TID251  seeded: a run can be repeated

CUSTOMERS = 300
PASSWORD = "correct horse battery {}"

_FIRST = (
    "Ada", "Ben", "Cleo", "Dani", "Emre", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kai",
    "Lea", "Mio", "Nia", "Ole", "Pia", "Quin", "Rui", "Sol", "Tess", "Uma", "Vic",
    "Wes", "Xin", "Yara", "Zoe", "李", "José", "Søren", "Łukasz",
)  # fmt: skip
_LAST = (
    "Adler", "Brandt", "Costa", "Diaz", "Evans", "Fuchs", "Garcia", "Haas", "Ito",
    "Jansen", "Klein", "Lopez", "Moreau", "Novak", "Okafor", "Pereira", "Quist",
    "Rossi", "Silva", "Tanaka", "Ueda", "Vogel", "Weber", "Xu", "Yilmaz", "Zhang",
)  # fmt: skip
_ROLES = ("support",) * 12 + ("compliance",) * 4 + ("ops",) * 4 + ("admin",) * 3


@dataclass(frozen=True)
class Person:
    """Somebody who works there."""

    id: str
    email: str
    name: str
    role: str
    address: str  # where he works from
    begins: int  # his first hour of work, UTC
    hours: int

    @property
    def password(self) -> str:
        """What he logs in with."""
        return PASSWORD.format(self.id)


@dataclass(frozen=True)
class NewCustomer:
    """A customer: all of it is personal."""

    name: str
    email: str
    phone: str
    address: str
    date_of_birth: str
    ssn: str


def staff(random: Random) -> list[Person]:
    """Return who works there, the root administrator first."""
    found = []
    for number, role in enumerate(("admin", *_ROLES)):
        first, last = random.choice(_FIRST), random.choice(_LAST)
        found.append(
            Person(
                id=f"usr_{number:03d}",
                email=f"staff{number:03d}@fintech.example",
                name=f"{first} {last}",
                role=role,
                address=f"198.51.100.{10 + number}",
                begins=random.randrange(6, 10),
                hours=random.randrange(7, 10),
            )
        )
    return found


def _birthday(random: Random) -> str:
    year, month = random.randrange(40, 99), random.randrange(1, 10)
    day = random.randrange(10)
    return f"19{year}-0{month}-1{day}"


def customers(random: Random) -> list[NewCustomer]:
    """Return the customers; each value occurs nowhere else, so that it can be found."""
    found = []
    for number in range(CUSTOMERS):
        first, last = random.choice(_FIRST), random.choice(_LAST)
        mark = f"{number:04d}{random.randrange(10**4):04d}"
        found.append(
            NewCustomer(
                name=f"{first} {last}-{mark}",
                email=f"c{mark}@mail.example",
                phone=f"+49 30 {mark[:4]} {mark[4:]}77",
                address=f"{number + 1} Main Street, Flat {mark}, Berlin",
                date_of_birth=_birthday(random),
                ssn=f"{mark[:3]}-{mark[3:5]}-{mark[4:8]}",
            )
        )
    return found
