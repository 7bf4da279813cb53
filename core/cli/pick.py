"""What a word on the command line means; where there is only one of a kind, the word may be left out."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy.orm import Session

from core.access.tables import GrantRow
from core.apps.driver import Shard
from core.catalog import names, organizations, shards, storages
from core.catalog.organizations import Organization
from core.catalog.storages import Storage
from core.errors import NotFound, UsageError
from core.moves import moves
from core.moves.moves import Move
from core.moves.tables import MoveRow
from core.restore import overview, restores
from core.restore.restores import Restore

T = TypeVar("T")

MOVE = names.Noun(word="move", prefix="mov", id=MoveRow.id, command="restorebot move list")

GRANT = names.Noun(word="grant", prefix="grt", id=GrantRow.id, command="restorebot access list --all")


def organization(session: Session, word: str) -> Organization:
    return (
        names.find_organization(session, word)
        if word
        else _only(organizations.list_all(session), "organization", "--org")
    )


def shard(session: Session, word: str) -> Shard:
    return shards.get(session, word) if word else _only(shards.list_all(session), "shard", "--shard")


def storage(session: Session, word: str) -> Storage:
    return names.find_storage(session, word) if word else _only(storages.list_all(session), "storage", "--storage")


def restore(session: Session, word: str) -> Restore:
    return restores.get(session, names.find(session, overview.NOUN, word))


def move(session: Session, word: str) -> Move:
    return moves.RUNS.get(session, names.find(session, MOVE, word))


def grant_id(session: Session, word: str) -> str:
    return names.find(session, GRANT, word)


def _only(found: Sequence[T], what: str, option: str) -> T:
    if not found:
        alone = "Make what one machine needs: restorebot init"
        raise NotFound(
            f"There is no {what} yet. Nothing was done.",
            hint=alone if what == "organization" else f"{alone}. For several machines: restorebot {what} create",
        )
    if len(found) > 1:
        raise UsageError(
            f"There are {len(found)} {what}s, so it must be said which one. Nothing was done.",
            hint=f"Give {option} NAME; `restorebot {'org' if what == 'organization' else what} list` shows them.",
        )
    return found[0]
