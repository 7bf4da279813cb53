"""Holds: why a backup or an app may not be touched now, by which run.

Taken in the transaction that starts the run and released in the one that ends it. Whoever needs a hold on an app and
one on a backup takes the app's first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.catalog.tables import AppRow, BackupRow, HoldReason, HoldRow, new_id
from core.database.locks import LOCKED
from core.errors import BackupMarked, Held, NotFound

#: What a run of each reason is called, and what a person can do about it.
_WORDS: Final = {
    HoldReason.RESTORE: (
        "the restore {run}",
        "Wait until it ends (`restorebot restore show {run}`), or end it with `restorebot restore cancel {run}`.",
    ),
    HoldReason.BACKUP: (
        "the backup {run}",
        "Wait until it ends (`restorebot backup show {run}`); where no worker runs, start one: `restorebot worker`.",
    ),
    HoldReason.MOVE: (
        "the move {run}",
        "Wait until it ends (`restorebot move show {run}`), or end it with `restorebot move cancel {run}`.",
    ),
    HoldReason.CLEAR: (
        "the clearing {run}",
        "Wait until the clearing ends. One that was broken off is ended by `restorebot app clear-default-space`.",
    ),
    HoldReason.DRILL: ("the drill {run}", "Wait until the drill ends and try again."),
    HoldReason.TICKET: ("the support ticket {run}", "Wait until support has resolved or declined the ticket."),
}


@dataclass(frozen=True, kw_only=True)
class Hold:
    subject: str
    run_id: str
    reason: HoldReason
    exclusive: bool
    since: datetime


def on_app(app_id: str) -> str:
    """The subject that means this app."""
    return f"app:{app_id}"


def on_backup(backup_id: str) -> str:
    """The subject that means this backup."""
    return f"backup:{backup_id}"


def take_shared(session: Session, subject: str, run_id: str, reason: HoldReason, now: datetime) -> None:
    """Hold a backup together with others. A run that holds it already keeps its hold.

    Raises NotFound, BackupMarked when the backup is marked for deletion, Held when another run has it for itself.
    """
    backup = session.get(BackupRow, _id(subject, "backup"), with_for_update=LOCKED, populate_existing=True)
    if backup is None:
        raise NotFound(f"There is no {subject.replace(':', ' ')}.", hint="`restorebot backup list` shows all of them.")
    if backup.marked_at is not None:
        raise BackupMarked(
            f"The backup {backup.id} was marked for deletion at {_moment(backup.marked_at)}. Nothing was started.",
            hint="Choose another backup; `restorebot backup list` shows those that can be restored.",
        )
    _take(session, subject, f"The backup {backup.id}", run_id, reason, now, exclusive=False)


def take_exclusive(session: Session, subject: str, run_id: str, reason: HoldReason, now: datetime) -> None:
    """Hold an app alone. A run that holds it already keeps its hold. Raises NotFound, or Held naming who has it."""
    app = session.get(AppRow, _id(subject, "app"), with_for_update=LOCKED, populate_existing=True)
    if app is None:
        raise NotFound(f"There is no {subject.replace(':', ' ')}.", hint="`restorebot app list` shows all of them.")
    _take(session, subject, f"The app {app.name} ({app.id})", run_id, reason, now, exclusive=True)


def take_up(session: Session, app_id: str, reason: HoldReason, now: datetime, *, prefix: str) -> str:
    """Hold an app alone for a change a person makes; returns the id under which it is held. A change for the same
    reason that was broken off is taken up again. The caller has locked the app. Raises as `take_exclusive` does."""
    subject = on_app(app_id)
    left = (hold.run_id for hold in holds_on(session, subject) if hold.reason is reason)
    run_id = next(left, None) or new_id(prefix)
    take_exclusive(session, subject, run_id, reason, now)
    return run_id


def release(session: Session, run_id: str, subject: str | None = None) -> None:
    """End the run's hold on `subject`, or all its holds. Ending what is not held is no error."""
    query = delete(HoldRow).where(HoldRow.run_id == run_id)
    session.execute(query if subject is None else query.where(HoldRow.subject == subject))


def holds_on(session: Session, subject: str) -> Sequence[Hold]:
    """Who holds it, the oldest first."""
    return [
        _hold(row) for row in session.scalars(select(HoldRow).where(HoldRow.subject == subject).order_by(HoldRow.id))
    ]


def held_error(what: str, hold: Hold) -> Held:
    """The refusal that says who holds it, since when, and what to do. `what` begins the sentence."""
    who, hint = _WORDS[hold.reason]
    return Held(
        f"{what} is held by {who.format(run=hold.run_id)} since {_moment(hold.since)}. Nothing was changed.",
        hint=hint.format(run=hold.run_id),
    )


def _take(
    session: Session, subject: str, what: str, run_id: str, reason: HoldReason, now: datetime, *, exclusive: bool
) -> None:
    """With the subject's row locked. The unique indexes have the last word over a writer that did not lock it."""
    if _stands_or_is_refused(session, subject, what, run_id, exclusive=exclusive):
        return
    row = HoldRow(subject=subject, run_id=run_id, reason=reason.value, exclusive=exclusive, created_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        if not _stands_or_is_refused(session, subject, what, run_id, exclusive=exclusive):
            raise


def _stands_or_is_refused(session: Session, subject: str, what: str, run_id: str, *, exclusive: bool) -> bool:
    """Whether the run has this hold already. Raises Held when another run's does not go with it."""
    found = holds_on(session, subject)
    if any(hold.run_id == run_id for hold in found):
        return True
    for hold in found:
        if exclusive or hold.exclusive:
            raise held_error(what, hold)
    return False


def _id(subject: str, kind: str) -> str:
    found, _, name = subject.partition(":")
    if found != kind:
        raise ValueError(f"{subject} is no subject of such a hold: only a {kind} is")
    return name


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _hold(row: HoldRow) -> Hold:
    return Hold(
        subject=row.subject,
        run_id=row.run_id,
        reason=HoldReason(row.reason),
        exclusive=row.exclusive,
        since=row.created_at,
    )
