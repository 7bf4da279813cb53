"""The engine → what a step shows. Reads only; each function is one step of the wizard or one list that is searched."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bot.blocks import OPTIONS
from bot.bot import Bot
from bot.restore.facts import (
    AppChoice,
    BackupChoice,
    Backups,
    Checks,
    Contents,
    Destinations,
    OrganizationChoice,
    Review,
    Source,
)
from bot.words import isolated
from core.access.deciders import deciders
from core.access.people import Person
from core.catalog import apps, backups, storages
from core.catalog.apps import App
from core.catalog.backup_search import counts, search_backups
from core.catalog.backups import Backup
from core.catalog.tables import BackupStatus
from core.findings import Severity
from core.restore.destinations import DestinationPage, find_destinations
from core.restore.draft_state import DraftState
from core.restore.drafts import Draft
from core.restore.eligibility import where_may_restore
from core.restore.request import Part, RestoreRequest

#: Each costs a look into the app, and the answer is due in three seconds.
_DESTINATIONS: Final = 30


@dataclass(frozen=True, kw_only=True)
class Gather:
    """For one person."""

    bot: Bot
    person: Person
    zone: ZoneInfo

    def source(self, draft: Draft) -> Source:
        """NotAllowed: the person may restore nowhere; it says whom to ask."""
        with self._reading() as session:
            known = tuple(
                OrganizationChoice(
                    id=one.organization.id,
                    name=one.organization.name,
                    refused=" ".join(f"{why.message} {why.hint}" for why in one.why_not),
                )
                for one in where_may_restore(session, self.person)
            )
            chosen = next((one for one in known if one.id == draft.organization_id), None)
            if chosen is None and len(known) == 1:
                chosen = known[0]
            count = 0 if chosen is None else apps.search_apps(session, organization_id=chosen.id, limit=0).total
            app = self._app(apps.get(session, draft.state.app_id)) if draft.state.app_id else None
        return Source(organizations=known, organization=chosen, app=app, apps=count)

    def apps(self, organization_id: str, text: str) -> list[AppChoice]:
        with self._reading() as session:
            page = apps.search_apps(session, organization_id=organization_id, text=text, limit=OPTIONS)
        return [self._app(one) for one in page.found]

    def backups(self, state: DraftState) -> Backups:
        now = self.now
        with self._reading() as session:
            known = counts(session, app_id=state.app_id or "", now=now)
            return Backups(
                app=self._app(apps.get(session, state.app_id or "")),
                chosen=self._chosen(session, state.backup_id) if state.backup_id else None,
                restorable=known.restorable,
                expired=known.expired,
                limit_bytes=self.bot.engine.settings.self_service_limit_bytes,
                now=now,
                zone=self.zone,
            )

    def backup_choices(self, app_id: str, text: str) -> list[BackupChoice]:
        with self._reading() as session:
            page = search_backups(session, app_id=app_id, text=text, now=self.now, limit=OPTIONS, zone=self.zone)
            named = {one.id: one.name for one in storages.list_all(session)}
            return [self._backup(one, named[one.storage_id]) for one in page.found]

    def contents(self, state: DraftState) -> Contents:
        with self._reading() as session:
            return Contents(
                app=self._app(apps.get(session, state.app_id or "")),
                backup=self._chosen(session, state.backup_id or ""),
                without=state.without,
            )

    def destinations(self, state: DraftState) -> Destinations:
        with self._reading() as session:
            source = self._app(apps.get(session, state.app_id or ""))
            backup = self._chosen(session, state.backup_id or "")
            chosen = self._app(apps.get(session, state.destination_id)) if state.destination_id else None
        page = self._destinations(state, "", limit=1)
        return Destinations(
            source=source,
            backup=backup,
            contains_data=state.contains_data,
            only_shard=state.only_backup_shard,
            chosen=chosen,
            candidates=page.candidates,
            empty=page.empty,
            move_minutes=self.bot.engine.settings.shard_move_estimate_minutes,
        )

    def destination_choices(self, state: DraftState, text: str) -> list[AppChoice]:
        """Those the filters leave; a longer search says more than a longer list."""
        return [self._app(one.app) for one in self._destinations(state, text, limit=_DESTINATIONS).found]

    def _destinations(self, state: DraftState, text: str, *, limit: int) -> DestinationPage:
        return find_destinations(
            self.bot.engine.tools,
            state.backup_id or "",
            contains_data=state.contains_data,
            only_backup_shard=state.only_backup_shard,
            text=text,
            limit=limit,
        )

    def checks(self, draft: Draft) -> Checks:
        found = draft.state.validation
        return Checks(
            findings=None if found is None else found.findings,
            resolutions=self.request(draft).effective,
        )

    def review(self, draft: Draft, *, told_in: str) -> Review:
        state, request, found = draft.state, self.request(draft), draft.state.validation
        assert found is not None  # noqa: S101 - the step before
        with self._reading() as session:
            destination = apps.get(session, request.destination_id)
            approvers = [one for one in deciders(session, destination.organization_id) if one.id != self.person.id]
            return Review(
                source=self._app(apps.get(session, state.app_id or "")),
                backup=self._chosen(session, request.backup_id),
                destination=self._app(destination),
                without=request.without,
                resolutions=request.effective,
                warnings=tuple(one for one in found.findings if one.severity is Severity.WARNING),
                size_bytes=found.size_bytes or 0,
                moves_to=found.moves_to or "",
                move_minutes=found.move_minutes,
                told_in=told_in,
                nobody_approves=Part.USERS_AND_GROUPS not in request.without and not approvers,
                zone=self.zone,
            )

    def request(self, draft: Draft) -> RestoreRequest:
        return draft.state.request(self.person.id)

    @property
    def now(self) -> datetime:
        return self.bot.engine.now()

    def _reading(self) -> AbstractContextManager[Session]:
        return self.bot.engine.database.reading()

    def _app(self, app: App) -> AppChoice:
        left = None
        if app.deactivated_at is not None:
            until = app.deactivated_at + timedelta(days=self.bot.engine.settings.deactivated_app_days)
            left = max(0, (until - self.now).days)
        return AppChoice(
            id=app.id, name=isolated(app.name), type=app.type, shard=app.shard, region=app.region, days_left=left
        )

    def _chosen(self, session: Session, backup_id: str) -> BackupChoice:
        backup = backups.get(session, backup_id)
        return self._backup(backup, storages.get(session, backup.storage_id).name)

    def _backup(self, backup: Backup, storage: str) -> BackupChoice:
        summary = backup.summary or {}
        contains = summary.get("contains", {})
        return BackupChoice(
            id=backup.id,
            taken_at=backup.taken_at,
            expires_at=backup.expires_at,
            size_bytes=backup.size_bytes or 0,
            storage=storage,
            lacks=tuple(summary.get("lacks", ())),
            complete=backup.status is BackupStatus.COMPLETE,
            holds=frozenset(part for part in Part if contains.get(part.value.replace("-", "_"))),
            shard=backup.shard,
            region=backup.region,
        )
