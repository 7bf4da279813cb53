"""Before a restore is cancelled: which one, and whether it is meant."""

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.blocks import actions, bold, button, lines, note, plain
from bot.metadata import Metadata
from bot.restores.facts import Status, Table
from bot.restores.ids import Action, BlockId, Callback
from bot.restores.views.standing import STATUSES
from bot.restores.views.status import cancel_button, head
from bot.restores.views.table import rows
from bot.words import isolated
from core.catalog.run_tables import RunStatus

TITLE: Final = "Cancel a restore"


def choose_view(facts: Table) -> View:
    """The person's own restores that can still be cancelled."""
    blocks = [lines("Which of your restores is to be cancelled?"), *rows(facts, Action.CHOOSE, "Choose")]
    more = facts.page.total - len(facts.page.found)
    if more > 0:
        blocks.append(note(f"{more:,} older ones are not shown: /restore list has them."))
    return _view(blocks)


def nothing_view() -> View:
    return _view(
        [
            lines((bold("You have no restore that could be cancelled."),), "Nothing was changed."),
            note("/restore list shows those of others, too; /restore cancel ID cancels one of them."),
        ]
    )


def confirm_view(facts: Status) -> View:
    """Is it meant? Or why it is too late."""
    line = facts.line
    if not line.can_be_cancelled(facts.now):
        return _view([lines(*head(facts)), *_too_late(facts)], subject=line.id)
    return _view(
        [
            lines(*head(facts)),
            lines(
                (bold("Cancel this restore?"),),
                "What was loaded so far is discarded. This cannot be undone; it can be started again.",
                f"{isolated(line.destination)} stays as it is: nothing in it has changed.",
            ),
            actions(BlockId.STEPS, cancel_button(line, asks=False)),
        ],
        subject=line.id,
        close="Keep it",
    )


def _too_late(facts: Status) -> Sequence[Block]:
    line, name = facts.line, isolated(facts.line.destination)
    if line.published:
        return [
            lines(
                (bold("It is published and can no longer be cancelled."),),
                f"{name} holds the restored data. Nothing was changed.",
            ),
            actions(BlockId.STEPS, button(Action.LOOK, "Look inside", value=line.destination_id)),
        ]
    if line.cancel_wanted and line.status is not RunStatus.CANCELLED:
        return [lines((bold("It is being cancelled already."),), f"{name} stays as it is.")]
    return [
        lines(
            (bold(f"It is over ({STATUSES[line.status].lower()}), so there is nothing to cancel."),),
            f"{name} is as it was before the restore. Nothing was changed.",
        ),
        note(f"/restore status {line.id} shows what became of it; /restore begins a new one."),
    ]


def _view(blocks: Sequence[Block], *, subject: str = "", close: str = "Close") -> View:
    return View(
        type="modal",
        callback_id=Callback.CANCEL,
        title=plain(TITLE),
        close=plain(close),
        private_metadata=Metadata(step="cancel", subject=subject).pack(),
        blocks=list(blocks),
    )
