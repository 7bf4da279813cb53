"""The wizard: each request becomes a change of the draft, and the draft is shown. State lies in the row alone."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from slack_sdk.models.views import View
from sqlalchemy.orm import Session

from bot.bot import Bot
from bot.client import ViewGone, call
from bot.errors import problem_of
from bot.identity import Caller
from bot.metadata import Metadata
from bot.restore import form
from bot.restore.answer import Answer
from bot.restore.facts import AppChoice, BackupChoice
from bot.restore.gather import Gather
from bot.restore.places import told_in
from bot.restore.validation import metadata_of, validate
from bot.restore.views.backup import backup_view
from bot.restore.views.contents import contents_view
from bot.restore.views.destination import destination_view, provision_view
from bot.restore.views.frame import start_view, waiting_view
from bot.restore.views.review import review_view, started_view
from bot.restore.views.source import source_view
from bot.restore.views.validation import validation_view
from core.access.people import Person
from core.access.restoring import administered, may_restore
from core.catalog import apps, backups, clearing, provisioning
from core.restore.draft_state import DraftStep
from core.restore.drafts import Draft, Drafts
from core.restore.errors import Blocked, PlanChanged
from core.restore.submission import submit_draft

_CHANGED = "Something changed meanwhile, in another window or by itself. This is how it stands now: look again."


@dataclass(frozen=True, kw_only=True)
class Wizard:
    """For one person and one request."""

    bot: Bot
    caller: Caller
    person: Person
    gather: Gather
    #: of a submission: what is drawn goes into it as long as Slack waits for it
    answer: Answer | None = None

    @classmethod
    def of(cls, bot: Bot, caller: Caller, answer: Answer | None = None) -> "Wizard":
        """NotAllowed: not a member of the workspace. Raises SlackError."""
        person = bot.accounts.person(caller)
        zone = bot.accounts.account(caller.user).zone
        gather = Gather(bot=bot, person=person, zone=zone)
        return cls(bot=bot, caller=caller, person=person, gather=gather, answer=answer)

    def begin(self, view_id: str) -> None:
        """From the command or the shortcut; `view_id` is the window that was opened at once."""
        with self._transaction() as session:
            administered(session, self.person)
            unfinished = self._drafts.latest_of(session, self.person.id, self._now)
        if unfinished is None or unfinished.state.app_id is None:
            self.show(unfinished or self._new(), view_id)
        else:
            app = self.gather.source(unfinished).app
            self._draw(
                view_id,
                start_view(
                    metadata_of(unfinished), app.name if app else "", unfinished.state.step, unfinished.updated_at
                ),
            )

    def start_over(self, view_id: str, draft_id: str) -> None:
        with self._transaction() as session:
            self._drafts.drop(session, draft_id, person_id=self.person.id)
        self.show(self._new(), view_id)

    def resume(self, view_id: str, draft_id: str) -> None:
        """Where it was; what was checked before is checked again."""
        draft = self._get(draft_id)
        if draft.submitted:
            self._draw(view_id, started_view(draft.submitted, told_in(self.bot, draft)))
            return
        if draft.state.step in {DraftStep.VALIDATION, DraftStep.REVIEW}:
            draft = self._save(form.run_again(draft))
        self.show(draft, view_id)

    def change(self, metadata: Metadata, change: form.Change, view_id: str) -> None:
        """A choice made in the window of a step, which is drawn again with what follows from it."""
        draft = self._get(metadata.draft)
        if draft.version != metadata.version:
            self.show(draft, view_id, said=_CHANGED)
            return
        self.show(self._save(change(draft)), view_id)

    def go_on(self, metadata: Metadata, change: form.Change, view_id: str) -> None:
        """A submitted step."""
        draft = self._get(metadata.draft)
        if draft.submitted:
            self._draw(view_id, started_view(draft.submitted, told_in(self.bot, draft)))
        elif not _is_shown(draft, metadata, change):
            self.show(draft, view_id, said=_CHANGED)
        elif draft.state.step is DraftStep.REVIEW:
            self._restore(self._save(change(draft)), view_id)
        else:
            self.show(self._save(self._with_organization(form.forward(change(draft)))), view_id)

    def back(self, metadata: Metadata, view_id: str) -> None:
        self.show(self._save(form.back(self._get(metadata.draft))), view_id)

    def offer_new_app(self, metadata: Metadata, trigger: str) -> None:
        """Pushed on the wizard."""
        state = self._get(metadata.draft).state
        with self.bot.engine.database.reading() as session:
            source = apps.get(session, state.app_id or "")
            shard = backups.get(session, state.backup_id or "").shard
        view = provision_view(metadata, shard, f"{source.name[:200]} restored {self._now:%Y-%m-%d}")
        call(self.bot.client.views_push, trigger_id=trigger, view=view)

    def provision(self, metadata: Metadata, name: str, view_id: str) -> None:
        """A new app becomes the destination; `view_id` is the wizard's window below the one that asked for its name."""
        draft = self._get(metadata.draft)
        engine = self.bot.engine
        with engine.database.reading() as session:
            source = apps.get(session, draft.state.app_id or "")
            shard = backups.get(session, draft.state.backup_id or "").shard
            may_restore(session, self.person, source.organization_id)
        made = provisioning.provision(
            engine.database,
            engine.drivers,
            organization_id=source.organization_id,
            name=name,
            app_type=source.type,
            shard=shard,
            apps_per_shard=engine.settings.apps_per_shard,
            person=self.person.id,
            now=self._now,
        )
        self.show(
            self._save(form.choose_destination(made.id)(draft)), view_id, said=f"{made.name} is made, and chosen."
        )

    def clear_space(self, metadata: Metadata, view_id: str) -> None:
        """Delete the default personal space of the destination, and check again."""
        draft = self._get(metadata.draft)
        engine = self.bot.engine
        with engine.database.reading() as session:
            destination = apps.get(session, draft.state.destination_id or "")
            may_restore(session, self.person, destination.organization_id, destination.id)
        clearing.clear_default_space(
            engine.database,
            engine.drivers[destination.driver],
            app_id=destination.id,
            person=self.person.id,
            now=engine.now,
        )
        self.show(self._save(form.run_again(draft)), view_id)

    def apps(self, metadata: Metadata, text: str) -> list[AppChoice]:
        draft = self._get(metadata.draft)
        organization = self.gather.source(draft).organization
        return [] if organization is None or organization.refused else self.gather.apps(organization.id, text)

    def backups(self, metadata: Metadata, text: str) -> list[BackupChoice]:
        return self.gather.backup_choices(self._get(metadata.draft).state.app_id or "", text)

    def destinations(self, metadata: Metadata, text: str) -> list[AppChoice]:
        return self.gather.destination_choices(self._get(metadata.draft).state, text)

    def show(self, draft: Draft, view_id: str, *, said: str = "") -> None:
        """Draw the step the draft is at. A window that was closed is no error: the draft is kept."""
        self._draw(view_id, self._view(draft, said))
        if draft.state.step is DraftStep.VALIDATION and draft.state.validation is None:
            self.bot.work.side_by_side(
                lambda: validate(self.bot, self.caller, self.gather, draft, view_id, said, self.answer)
            )

    def _view(self, draft: Draft, said: str) -> View:
        state, metadata = draft.state, metadata_of(draft)
        match state.step:
            case DraftStep.SOURCE:
                return source_view(self.gather.source(draft), metadata, said)
            case DraftStep.BACKUP:
                return backup_view(self.gather.backups(state), metadata, said)
            case DraftStep.CONTENTS:
                return contents_view(self.gather.contents(state), metadata, said)
            case DraftStep.DESTINATION:
                return destination_view(self.gather.destinations(state), metadata, said)
            case DraftStep.VALIDATION:
                return validation_view(self.gather.checks(draft), metadata, said)
            case DraftStep.REVIEW:
                return review_view(self.gather.review(draft, told_in=told_in(self.bot, draft)), metadata, said)

    def _restore(self, draft: Draft, view_id: str) -> None:
        """Start what was confirmed, once. Where it does not hold any more, the checks say why and nothing starts."""
        self._draw(view_id, waiting_view("Starting the restore…"))
        try:
            restore = submit_draft(
                self.bot.engine.tools, draft.id, person_id=self.person.id, expected_version=draft.version
            )
        except (Blocked, PlanChanged) as changed:
            self.show(self._save(form.run_again(draft)), view_id, said=problem_of(changed).text)
            return
        self._draw(view_id, started_view(restore.id, told_in(self.bot, draft)))

    def _draw(self, view_id: str, view: View) -> bool:
        """Whether it was still open. One that was closed is no error: the draft is kept."""
        if self.answer is not None and self.answer.take(view):
            return True
        try:
            call(self.bot.client.views_update, view_id=view_id, view=view)
        except ViewGone:
            return False
        return True

    def _new(self) -> Draft:
        with self._transaction() as session:
            return self._drafts.create(session, person_id=self.person.id, asked_in=self.caller.asked_in, now=self._now)

    def _get(self, draft_id: str) -> Draft:
        """The person's draft, if they still have the role. Raises NotFound, NotAllowed."""
        with self.bot.engine.database.reading() as session:
            draft = self._drafts.get(session, draft_id, person_id=self.person.id, now=self._now)
            if draft.organization_id is not None:
                may_restore(session, self.person, draft.organization_id)
            return draft

    def _save(self, draft: Draft) -> Draft:
        """WrongState: another window was first."""
        with self._transaction() as session:
            return self._drafts.save(session, draft, expected_version=draft.version, now=self._now)

    def _with_organization(self, draft: Draft) -> Draft:
        """That of the chosen app, whose admins may go on. NotAllowed."""
        if draft.state.app_id is None:
            return draft
        with self.bot.engine.database.reading() as session:
            organization_id = apps.get(session, draft.state.app_id).organization_id
            may_restore(session, self.person, organization_id)
        return replace(draft, organization_id=organization_id)

    def _transaction(self) -> AbstractContextManager[Session]:
        return self.bot.engine.database.transaction()

    @property
    def _drafts(self) -> Drafts:
        return Drafts.of(self.bot.engine.settings)

    @property
    def _now(self) -> datetime:
        return self.bot.engine.now()


def _is_shown(draft: Draft, metadata: Metadata, change: form.Change) -> bool:
    """Whether the submitted window shows the draft as it stands. It may have been sent before it was drawn again with
    its last choice: then that is the one change since, and the window says the same."""
    if draft.state.step.value != metadata.step:
        return False
    chosen_here = draft.state.step not in {DraftStep.VALIDATION, DraftStep.REVIEW} and change(draft) == draft
    return draft.version == metadata.version or (draft.version == metadata.version + 1 and chosen_here)
