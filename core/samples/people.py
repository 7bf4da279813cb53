"""The persons of a generated export, with the oddities people's data has."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_FIRST: Final = (
    "Ada",
    "Bilal",
    "Chloé",
    "Dmitri",
    "Emeka",
    "Fatima",
    "Goran",
    "Hana",
    "Ingrid",
    "João",
    "Keiko",
    "Liam",
)
_LAST: Final = (
    "Okafor",
    "Nguyen",
    "García",
    "Schmidt",
    "Rossi",
    "Haddad",
    "Kowalski",
    "Tanaka",
    "Silva",
    "Berg",
    "Müller",
)

#: The first persons carry the oddities, so an export with one of them needs at least these many.
ODD_PERSONS: Final = 6


class PersonOddity(StrEnum):
    """The same words as the formats' own oddities, which hold these too."""

    INVALID_EMAIL = "invalid-email"
    DUPLICATE_EMAIL = "duplicate-email"
    MISSING_EMAIL = "missing-email"
    INACTIVE_USER = "inactive-user"


@dataclass(frozen=True, kw_only=True)
class Person:
    number: int
    username: str
    full_name: str
    email: str
    active: bool
    #: 32 hex digits, as Confluence makes them
    key: str
    account_id: str


def person(number: int, oddities: Collection[str]) -> Person:
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
    username = f"user{number:05d}"
    digest = hashlib.sha256(username.encode()).hexdigest()
    email = f"{username}@example.com"
    if number == 1 and PersonOddity.INVALID_EMAIL in oddities:
        email = "no address at all"
    elif number == 3 and PersonOddity.DUPLICATE_EMAIL in oddities:
        email = "USER00002@example.com"
    elif number == 4 and PersonOddity.MISSING_EMAIL in oddities:
        email = ""
    return Person(
        number=number,
        username=username,
        full_name=f"{first} {last}",
        email=email,
        active=not (number == 5 and PersonOddity.INACTIVE_USER in oddities),
        key=digest[:32],
        account_id=f"712020:{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}",
    )


def people(count: int, oddities: Collection[str]) -> tuple[Person, ...]:
    if count < ODD_PERSONS and any(one in oddities for one in PersonOddity):
        raise ValueError(f"Oddities of persons need at least {ODD_PERSONS} users; the shape has {count}.")
    return tuple(person(number, oddities) for number in range(count))
