"""What a person calls an app, a backup, a restore: its id, enough of its id, or its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import SQLColumnExpression, or_, select
from sqlalchemy.orm import Session

from core.catalog import apps, backups, organizations, storages
from core.catalog.tables import AppRow, BackupRow, OrganizationRow, StorageRow
from core.errors import Ambiguous, NotFound

#: Fewer letters of an id than this are more likely a mistake than an abbreviation.
FEWEST_LETTERS: Final = 3
_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class Noun:
    """A kind of thing that is found by a word."""

    word: str  # "app"
    prefix: str  # of its ids: "app" of `app-k7d2m9qx`
    id: SQLColumnExpression[str]
    name: SQLColumnExpression[str] | None = None
    command: str  # that lists all of them


APP: Final = Noun(word="app", prefix="app", id=AppRow.id, name=AppRow.name, command="restorebot app list")
BACKUP: Final = Noun(word="backup", prefix="bkp", id=BackupRow.id, command="restorebot backup list")
STORAGE: Final = Noun(
    word="storage", prefix="sto", id=StorageRow.id, name=StorageRow.name, command="restorebot storage list"
)
ORGANIZATION: Final = Noun(
    word="organization",
    prefix="org",
    id=OrganizationRow.id,
    name=OrganizationRow.name,
    command="restorebot org list",
)


def find(session: Session, noun: Noun, word: str) -> str:
    """The id meant by `word`: the whole id; else the name in any case; else the beginning or the end of one id, with or
    without its prefix (`k7d2` or `m9qx` of `app-k7d2m9qx`).

    Raises NotFound; Ambiguous naming up to five candidates.
    """
    word = word.strip()
    if session.scalar(select(noun.id).where(noun.id == word)) is not None:
        return word
    found = _by_name(session, noun, word) or _by_letters(session, noun, word)
    if not found:
        raise NotFound(f"There is no {noun.word} {word!r}.", hint=f"`{noun.command}` shows all of them.")
    if len(found) > 1:
        raise Ambiguous(
            f"{word!r} may be {len(found)} {noun.word}s: {_listed(found)}. Nothing was done.",
            hint=f"Give more letters of the id; `{noun.command}` shows all of them.",
        )
    return found[0][0]


def find_app(session: Session, word: str) -> apps.App:
    """Raises NotFound, Ambiguous."""
    return apps.get(session, find(session, APP, word))


def find_backup(session: Session, word: str) -> backups.Backup:
    """Raises NotFound, Ambiguous."""
    return backups.get(session, find(session, BACKUP, word))


def find_storage(session: Session, word: str) -> storages.Storage:
    """Raises NotFound, Ambiguous."""
    return storages.get(session, find(session, STORAGE, word))


def find_organization(session: Session, word: str) -> organizations.Organization:
    """Raises NotFound, Ambiguous."""
    return organizations.get(session, find(session, ORGANIZATION, word))


def _by_name(session: Session, noun: Noun, word: str) -> list[tuple[str, str]]:
    if noun.name is None:
        return []
    # compared here, since SQLite's lower() knows no letters beyond ASCII
    rows = session.execute(select(noun.id, noun.name).order_by(noun.name, noun.id))
    return [(found, name) for found, name in rows if name.casefold() == word.casefold()]


def _by_letters(session: Session, noun: Noun, word: str) -> list[tuple[str, str]]:
    letters = word.lower().removeprefix(f"{noun.prefix}-")
    if len(letters) < FEWEST_LETTERS:
        return []
    matches = or_(
        noun.id.startswith(f"{noun.prefix}-{letters}", autoescape=True), noun.id.endswith(letters, autoescape=True)
    )
    if noun.name is None:
        return [(found, "") for found in session.scalars(select(noun.id).where(matches).order_by(noun.id))]
    rows = session.execute(select(noun.id, noun.name).where(matches).order_by(noun.id))
    return [(found, name) for found, name in rows]


def _listed(found: Sequence[tuple[str, str]]) -> str:
    shown = [f"{found_id} ({name})" if name else found_id for found_id, name in found[:_SHOWN]]
    return ", ".join(shown) + (" …" if len(found) > _SHOWN else "")
