"""What every step of the wizard has around it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from slack_sdk.models.blocks import Block, InteractiveElement
from slack_sdk.models.views import View

from bot.blocks import actions, bold, button, clip, header, lines, note, plain, when
from bot.metadata import Metadata
from bot.restore.ids import Action, BlockId, Callback
from core.restore.draft_state import DraftStep
from core.restore.request import Part

TITLE: Final = "Restore a backup"
_NAMES: Final = {
    DraftStep.SOURCE: "What to restore",
    DraftStep.BACKUP: "Which backup",
    DraftStep.CONTENTS: "What to include",
    DraftStep.DESTINATION: "Where to",
    DraftStep.VALIDATION: "Checks",
    DraftStep.REVIEW: "Review",
}
PART_NAMES: Final = {
    Part.ATTACHMENTS: "Attachments",
    Part.USERS_AND_GROUPS: "Users and groups",
    Part.PERSONAL_SPACES: "Personal spaces",
}


def step_view(
    step: DraftStep,
    metadata: Metadata,
    blocks: Sequence[Block],
    *,
    submit: str = "",
    buttons: Sequence[InteractiveElement] = (),
    said: str = "",
) -> View:
    """One step. `submit` is empty where there is nothing to go on to; `said` is told above everything else."""
    order = list(_NAMES)
    back = [button(Action.BACK, "Back")] if step is not order[0] else []
    foot = [*back, *buttons]
    return View(
        type="modal",
        callback_id=Callback.WIZARD,
        title=plain(TITLE),
        submit=plain(submit) if submit else None,
        close=plain("Close"),
        notify_on_close=True,
        private_metadata=metadata.pack(),
        blocks=[
            note(f"Step {order.index(step) + 1} of {len(order)}"),
            header(_NAMES[step]),
            *([lines(said)] if said else []),
            *blocks,
            *([actions(BlockId.STEPS, *foot)] if foot else []),
        ],
    )


def waiting_view(text: str) -> View:
    """Shown at once while the next step is made ready."""
    return View(
        type="modal", callback_id=Callback.WAITING, title=plain(TITLE), close=plain("Close"), blocks=[lines(text)]
    )


def start_view(metadata: Metadata, app: str, step: DraftStep, changed_at: datetime) -> View:
    """An unfinished restore is there: continue it, or start over."""
    number = list(_NAMES).index(step) + 1
    return View(
        type="modal",
        callback_id=Callback.START,
        title=plain(TITLE),
        close=plain("Close"),
        private_metadata=metadata.pack(),
        blocks=[
            lines(
                "You have begun a restore and not started it:",
                (
                    bold(clip(app, 500) or "An app that is gone"),
                    f", at step {number} of {len(_NAMES)}, “{_NAMES[step]}”",
                ),
                ("Last changed ", when(changed_at), ". What was checked is checked again."),
            ),
            actions(
                BlockId.STEPS,
                button(Action.CONTINUE, "Continue", style="primary"),
                button(Action.START_OVER, "Start over"),
            ),
        ],
    )
