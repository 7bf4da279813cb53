"""The checks, in the background: the window fills in, and where it was closed a message brings it back."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bot.blocks import actions, as_json, bold, button, clip, escape, lines
from bot.bot import Bot
from bot.client import SlackError, call
from bot.errors import problem_of
from bot.identity import Caller
from bot.listening import in_turn
from bot.metadata import Metadata
from bot.restore.answer import Answer
from bot.restore.facts import Checks
from bot.restore.gather import Gather
from bot.restore.ids import Action, BlockId
from bot.restore.views.validation import counted, validation_view
from core.errors import NotFound, WrongState
from core.restore import validation
from core.restore.assess import Phase
from core.restore.draft_state import Validation
from core.restore.drafts import Draft, Drafts
from core.restore.request import RestoreRequest

log = logging.getLogger(__name__)

#: Between two drawings of the progress.
_REDRAW_SECONDS: Final = 1.0
#: After that the person is told by a message as well.
_PATIENCE_SECONDS: Final = 20.0


def validate(
    bot: Bot,
    caller: Caller,
    gather: Gather,
    draft: Draft,
    view_id: str,
    said: str = "",
    answer: Answer | None = None,
) -> None:
    """Check what the draft asks for, and keep the result with it, unless the draft has gone on without it. `said` is
    why it is checked again: it stays above what is found. Only the looking runs beside what the person does; keeping
    and drawing take their turn, so that no window stays at what a choice or another check has overtaken."""
    began = time.monotonic()
    request = gather.request(draft)
    window = _Window(bot=bot, caller=caller, draft=draft, view_id=view_id, said=said, answer=answer)

    def done(found: Validation) -> None:
        saved = _keep(bot, draft, found)
        if saved is None:
            return
        seen = replace(window, draft=saved).show(gather.checks(saved))
        if not seen or time.monotonic() - began > _PATIENCE_SECONDS:
            bring_back(bot, caller, saved, f"The checks of your restore are done: {counted(found.findings)}.")

    def failed(problem: str) -> None:
        if window.is_current and not window.show(Checks(resolutions=request.effective, problem=problem)):
            bring_back(bot, caller, draft, f"The checks of your restore could not be finished. {problem}")

    try:
        found = validation.validate(bot.engine.tools, request, progress=window.progress(request))
    except Exception as error:  # noqa: BLE001 - whatever it is, the window says that the checks were not finished
        problem = problem_of(error).text
        in_turn(bot, caller, lambda: failed(problem), view_id=view_id)
    else:
        in_turn(bot, caller, lambda: done(found), view_id=view_id)


def _keep(bot: Bot, draft: Draft, found: Validation) -> Draft | None:
    """None: another choice was made meanwhile, and is checked by itself; or the draft was dropped."""
    changed = replace(draft, state=replace(draft.state, validation=found))
    try:
        with bot.engine.database.transaction() as session:
            drafts = Drafts.of(bot.engine.settings)
            return drafts.save(session, changed, expected_version=draft.version, now=bot.engine.now())
    except (WrongState, NotFound):
        return None


@dataclass(frozen=True, kw_only=True)
class _Window:
    """The open window, drawn again as the checks go on, but not more often than it can be read."""

    bot: Bot
    caller: Caller
    draft: Draft
    view_id: str
    said: str
    answer: Answer | None

    def progress(self, request: RestoreRequest) -> Callable[[Phase], None]:
        drawn = time.monotonic()
        waits = False  # one at most, so that a slow Slack is not kept busy with what is over

        def draw(phase: Phase) -> None:
            nonlocal drawn, waits
            try:
                if self.is_current:
                    self.show(Checks(at=phase, resolutions=request.effective))
            finally:
                drawn, waits = time.monotonic(), False

        def progress(phase: Phase) -> None:
            nonlocal waits
            if not waits and time.monotonic() - drawn >= _REDRAW_SECONDS:
                waits = True
                self.bot.work.hand_over(self.caller.identity, lambda: draw(phase))

        return progress

    @property
    def is_current(self) -> bool:
        """Whether the draft is as it was when it began to be checked."""
        drafts = Drafts.of(self.bot.engine.settings)
        try:
            with self.bot.engine.database.reading() as session:
                found = drafts.get(session, self.draft.id, person_id=self.draft.person_id, now=self.bot.engine.now())
        except NotFound:
            return False
        return found.version == self.draft.version

    def show(self, checks: Checks) -> bool:
        """Whether it was still open; one that was closed is no error."""
        if not self.view_id:
            return False
        view = validation_view(checks, metadata_of(self.draft), self.said)
        if self.answer is not None and self.answer.take(view):
            return True
        try:
            call(self.bot.client.views_update, view_id=self.view_id, view=view)
        except SlackError as error:
            log.info("the checks' window was not drawn: %s", error)
            return False
        return True


def bring_back(bot: Bot, caller: Caller, draft: Draft, said: str) -> None:
    """A direct message with a button that opens the wizard where it was."""
    call(
        bot.client.chat_postMessage,
        channel=caller.user,
        text=escape(f"{said} Continue with /restore."),
        blocks=as_json(
            [
                lines((bold(clip(said, 1000)),), "Nothing was changed yet."),
                actions(BlockId.STEPS, button(Action.CONTINUE, "Continue", value=draft.id, style="primary")),
            ]
        ),
    )


def metadata_of(draft: Draft) -> Metadata:
    return Metadata(draft=draft.id, version=draft.version, step=draft.state.step.value)
