"""Step 6: everything that was chosen, once more; and what is said when the restore has started."""

from collections.abc import Mapping

from slack_sdk.models.blocks import Block, CheckboxesElement, InputBlock
from slack_sdk.models.views import View

from bot.blocks import Line, Span, bold, bullets, clip, lines, note, option, plain, when
from bot.metadata import Metadata
from bot.restore.facts import Review
from bot.restore.ids import Action, BlockId, Callback
from bot.restore.views.frame import PART_NAMES, TITLE, step_view
from bot.restore.views.validation import CHOICES
from bot.words import plural
from core.findings import Finding, FindingCode
from core.restore.draft_state import DraftStep
from core.restore.request import RESOLUTIONS, Resolution
from core.restore.wording import about, size

ACKNOWLEDGED = "acknowledged"


def review_view(facts: Review, metadata: Metadata, said: str = "") -> View:
    blocks: list[Block] = [bullets(_chosen(facts))]
    if facts.nobody_approves:
        blocks.append(
            lines(
                (bold("Nobody could approve the access this restore will ask for."),),
                "Its groups get no access until somebody holds the role access approver: restorebot role grant.",
            )
        )
    if facts.warnings:
        blocks += [lines((bold(f"{plural(len(facts.warnings), 'warning')}:"),)), _warnings(facts.warnings), _tick()]
    blocks.append(note("Until the restore is verified and published the destination stays as it is."))
    return step_view(DraftStep.REVIEW, metadata, blocks, submit="Restore", said=said)


def started_view(restore_id: str, told_in: str) -> View:
    where: tuple[Line, ...] = (("It is told in ", _place(told_in), "."),)
    return View(
        type="modal",
        callback_id=Callback.STARTED,
        title=plain(TITLE),
        close=plain("Done"),
        blocks=[
            lines((bold("The restore has started."),), *where),
            note(f"{restore_id}. You can close this window; /restore status shows how it stands."),
        ],
    )


def _chosen(facts: Review) -> list[Line]:
    said: list[Line] = [
        (bold("Restore "), facts.source.name, " as of ", when(facts.backup.taken_at)),
        (bold("into "), facts.destination.name, f" on {facts.destination.shard}"),
        (bold("Including "), _included(facts)),
        (bold("Size "), size(facts.size_bytes)),
    ]
    if facts.moves_to:
        took = about(facts.move_minutes or 0)
        said.append((bold("Moved "), f"to {facts.moves_to}, the backup's shard: an additional step, {took}"))
    treated = _treated(facts.resolutions)
    if treated:
        said.append((bold("Treated "), treated))
    return [*said, (bold("Told in "), _place(facts.told_in))]


def _place(told_in: str) -> Span:
    return Span(channel=told_in) if told_in else Span(text="a direct message to you")


def _included(facts: Review) -> str:
    included = [PART_NAMES[one].lower() for one in PART_NAMES if one in facts.backup.holds - facts.without]
    left_out = [PART_NAMES[one].lower() for one in PART_NAMES if one in facts.without]
    said = ", ".join(["all content", *included])
    return f"{said}; without {' and '.join(left_out)}" if left_out else said


def _treated(resolutions: Mapping[FindingCode, Resolution]) -> str:
    """Only what differs from the default."""
    return "; ".join(
        f"{code.value}: {CHOICES[choice].lower()}"
        for code, choice in sorted(resolutions.items())
        if choice is not RESOLUTIONS[code][0]
    )


def _warnings(warnings: tuple[Finding, ...]) -> Block:
    shown = [clip(one.message, 300) for one in warnings[:20]]
    more = len(warnings) - len(shown)
    return bullets([*shown, *([f"and {more} more, in the step before"] if more else [])])


def _tick() -> Block:
    return InputBlock(
        block_id=BlockId.ACKNOWLEDGE,
        label=plain("Before you restore"),
        element=CheckboxesElement(
            action_id=Action.ACKNOWLEDGE, options=[option(ACKNOWLEDGED, "I have read the warnings and restore anyway")]
        ),
    )
