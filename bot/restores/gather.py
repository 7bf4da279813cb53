"""The engine → what the windows show. Every read checks that the person may see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.blocks import OPTIONS
from bot.bot import Bot
from bot.identity import Caller
from bot.restores.facts import Failure, Status, Table, TableAt
from bot.restores.views.table import ROWS
from core.access.people import Person
from core.access.restoring import administered, may_restore
from core.catalog import apps
from core.catalog.apps import App
from core.catalog.runs import OPEN
from core.errors import NotFound
from core.findings import Finding, in_order
from core.restore import overview, restores
from core.restore.document import restore_json, titled_counts
from core.restore.overview import RestoreLine
from core.restore.restores import Restore


@dataclass(frozen=True, kw_only=True)
class Gather:
    """For one person and one request."""

    bot: Bot
    person: Person
    zone: ZoneInfo

    @classmethod
    def of(cls, bot: Bot, caller: Caller) -> "Gather":
        """NotAllowed: not a member of the workspace. Raises SlackError."""
        return cls(bot=bot, person=bot.accounts.person(caller), zone=bot.accounts.account(caller.user).zone)

    def table(self, at: TableAt) -> Table:
        """NotAllowed: the person restores nowhere."""
        with self.bot.engine.database.reading() as session:
            own = administered(session, self.person)
            app = apps.get(session, at.app) if at.app else None
            page = overview.page(
                session, organizations=own, status=at.status, app_id=at.app or None, limit=ROWS, offset=at.offset
            )
        name = app.name if app is not None and app.organization_id in own else at.app
        return Table(at=at, app_name=name, page=page, now=self.now, zone=self.zone)

    def apps(self, text: str) -> list[App]:
        """Of the organizations in which the person restores, by name."""
        found: list[App] = []
        with self.bot.engine.database.reading() as session:
            for one in administered(session, self.person):
                left = OPTIONS - len(found)
                found += apps.search_apps(session, organization_id=one, text=text, limit=left).found
        return found

    def cancellable(self) -> Table:
        """The person's own."""
        with self.bot.engine.database.reading() as session:
            administered(session, self.person)
            page = overview.open_of(session, self.person.id, now=self.now, limit=ROWS)
        return Table(at=TableAt(), app_name="", page=page, now=self.now, zone=self.zone)

    def status(self, word: str) -> Status:
        """Of the restore that the word means, or of the person's last one. NotFound, Ambiguous, NotAllowed."""
        with self.bot.engine.database.reading() as session:
            line = self._meant(session, word)
            may_restore(session, self.person, line.organization_id)
            restore = restores.get(session, line.id)
            findings = in_order(restores.findings_of(session, line.id))
        counts: Mapping[str, Mapping[str, int]] = {}
        if line.status.value not in OPEN:
            document = self.document(restore)
            findings = tuple(Finding.from_json(one) for one in document["findings"])
            counts = titled_counts(document)
        failure = None if restore.failure is None else _failure(restore.failure)
        return Status(line=line, findings=findings, failure=failure, counts=counts, now=self.now)

    def changeable(self, restore_id: str) -> Restore:
        """One that the person may cancel or resume. NotFound, NotAllowed."""
        with self.bot.engine.database.reading() as session:
            found = restores.get(session, restore_id)
            may_restore(session, self.person, found.organization_id, found.app_id)
        return found

    def readable(self, restore_id: str) -> Restore:
        """One whose report the person may have. NotFound, NotAllowed."""
        with self.bot.engine.database.reading() as session:
            found = restores.get(session, restore_id)
            may_restore(session, self.person, found.organization_id)
        return found

    def document(self, restore: Restore) -> dict[str, Any]:
        return restore_json(self.bot.engine.tools, restore)

    @property
    def now(self) -> datetime:
        return self.bot.engine.now()

    def _meant(self, session: Session, word: str) -> RestoreLine:
        if word:
            return overview.find(session, word)
        administered(session, self.person)
        found = overview.latest_of(session, self.person.id)
        if found is None:
            raise NotFound(
                "You have not restored anything yet.", hint="/restore begins; /restore list shows what others restored."
            )
        return found


def _failure(failure: Mapping[str, Any]) -> Failure:
    code, message, hint = (str(failure.get(word) or "") for word in ("code", "message", "hint"))
    return Failure(code=code or "unknown", message=message, hint=hint)
