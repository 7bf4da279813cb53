"""Unfinished wizards. Each change says which version it was made on, so that of two tabs one is told of the other; and
a draft becomes one restore, however often it is submitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from core.access.people import ids_of, person_by_id
from core.catalog.tables import new_id
from core.database.locks import LOCKED
from core.errors import NotFound, WrongState
from core.restore.draft_state import DraftState
from core.restore.tables import DraftRow
from core.settings import Settings

_ANEW = "Start again: /restore, or restorebot restore run."


@dataclass(frozen=True, kw_only=True)
class Draft:
    id: str
    organization_id: str | None
    person_id: str
    state: DraftState
    version: int
    #: where the person asked, such as `slack:T…/C…`
    asked_in: str
    created_at: datetime
    updated_at: datetime
    #: the restore it became
    submitted: str | None


@dataclass(frozen=True, kw_only=True)
class Drafts:
    """`keep` is how long a draft lives after its last change."""

    keep: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(keep=timedelta(days=settings.draft_days))

    def create(
        self,
        session: Session,
        *,
        person_id: str,
        asked_in: str,
        now: datetime,
        organization_id: str | None = None,
        state: DraftState | None = None,
    ) -> Draft:
        row = DraftRow(
            id=new_id("dft"),
            organization_id=organization_id,
            person_id=person_by_id(session, person_id).id,
            state=(state or DraftState()).to_json(),
            version=1,
            asked_in=asked_in,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        return _draft(row)

    def get(self, session: Session, draft_id: str, *, person_id: str, now: datetime, lock: bool = False) -> Draft:
        """The person's draft, also one that is submitted; with `lock`, nobody else changes it until this transaction
        ends. Raises NotFound, also for another person's draft and for one that is too old."""
        row = session.get(DraftRow, draft_id, with_for_update=LOCKED if lock else None, populate_existing=True)
        if row is None or row.person_id not in ids_of(session, person_id):
            raise NotFound("This wizard is not there any more, or not yours. Nothing was started.", hint=_ANEW)
        if row.updated_at <= now - self.keep:
            raise NotFound(
                f"This wizard was left for more than {self.keep.days} days, and its choices are gone. Nothing was"
                " started.",
                hint=_ANEW,
            )
        return _draft(row)

    def latest_of(self, session: Session, person_id: str, now: datetime) -> Draft | None:
        """The one to continue: not submitted, changed last."""
        rows = session.scalars(
            select(DraftRow)
            .where(
                DraftRow.person_id.in_(ids_of(session, person_id)),
                DraftRow.submitted.is_(None),
                DraftRow.updated_at > now - self.keep,
            )
            .order_by(DraftRow.updated_at.desc(), DraftRow.id)
            .limit(1)
        )
        row = rows.one_or_none()
        return None if row is None else _draft(row)

    def save(self, session: Session, draft: Draft, *, expected_version: int, now: datetime) -> Draft:
        """Keep the draft's organization and state, if it still is what the person saw. Raises NotFound; WrongState when
        it was changed elsewhere or has become a restore."""
        row = _update(
            session,
            draft.id,
            expected_version,
            organization_id=draft.organization_id,
            state=draft.state.to_json(),
            updated_at=now,
        )
        if row is not None:
            return _draft(row)
        found = self.get(session, draft.id, person_id=draft.person_id, now=now)
        raise changed_elsewhere(found)

    def drop(self, session: Session, draft_id: str, *, person_id: str) -> None:
        """Forget an unfinished draft. One that is gone or has become a restore stays as it is."""
        session.execute(
            delete(DraftRow).where(
                DraftRow.id == draft_id,
                DraftRow.person_id.in_(ids_of(session, person_id)),
                DraftRow.submitted.is_(None),
            )
        )

    def purge(self, session: Session, now: datetime) -> int:
        """Remove drafts that nobody can continue; returns how many."""
        old = delete(DraftRow).where(DraftRow.updated_at <= now - self.keep).returning(DraftRow.id)
        return len(session.scalars(old).all())


def mark_submitted(session: Session, draft: Draft, restore_id: str, now: datetime) -> None:
    """In the transaction that makes the restore. Raises WrongState where the draft is not what the person saw."""
    if _update(session, draft.id, draft.version, submitted=restore_id, updated_at=now) is None:
        raise changed_elsewhere(draft)


def changed_elsewhere(found: Draft) -> WrongState:
    if found.submitted is not None:
        return WrongState(
            f"This wizard has become the restore {found.submitted} already. Nothing was changed.",
            hint=f"Follow it: /restore status, or restorebot restore show {found.submitted}.",
        )
    return WrongState(
        "This wizard was changed in another window meanwhile. What you chose here was not kept.",
        hint="Go on in the other window, or close both and continue with /restore.",
    )


def _update(session: Session, draft_id: str, version: int, **values: Any) -> DraftRow | None:
    mine: tuple[ColumnElement[bool], ...] = (
        DraftRow.id == draft_id,
        DraftRow.version == version,
        DraftRow.submitted.is_(None),
    )
    statement = update(DraftRow).where(*mine).values(version=version + 1, **values).returning(DraftRow)
    return session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def _draft(row: DraftRow) -> Draft:
    fields: Mapping[str, Any] = {name: getattr(row, name) for name in Draft.__dataclass_fields__ if name != "state"}
    return Draft(state=DraftState.from_json(row.state), **fields)
