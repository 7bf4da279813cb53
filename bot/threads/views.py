"""The messages of a thread: pure functions of how a restore stands. In channels stand codes and counts only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.models.blocks import Block

from bot.blocks import (
    Line,
    Span,
    actions,
    as_json,
    bold,
    bullets,
    button,
    clip,
    code,
    confirm,
    escape,
    header,
    lines,
    note,
    user,
    when,
)
from bot.threads.facts import FindingCount, Standing
from bot.threads.ids import BLOCK, Action
from bot.words import SEVERITIES, STEPS, outcome, plural
from core.findings import Severity
from core.restore.tables import RestoreStatus, Step
from core.restore.wording import about, size

_BAR: Final = 20
_SHOWN: Final = 40
_OVER: Final = {
    RestoreStatus.COMPLETED: "Completed",
    RestoreStatus.FAILED: "Failed",
    RestoreStatus.CANCELLED: "Cancelled",
}


@dataclass(frozen=True, kw_only=True)
class Message:
    text: str  # what a notification and a screen reader say; it says the same as the blocks
    blocks: Sequence[Mapping[str, Any]]


def status_message(now: Standing) -> Message:
    """The one that is edited in place."""
    state = _state(now)
    title = f"{now.source} → {now.destination}"
    said: list[Line] = [(bold(state),)]
    if now.status not in _OVER:
        said.append(_progress(now))
    said.append(("Backup of ", when(now.taken_at), "; started by ", _who(now), " ", when(now.created_at)))
    if now.moves_to:
        said.append(f"With a move to {now.moves_to}, the backup's shard, which takes {about(now.about_minutes)}.")
    blocks: list[Block] = [header(f"Restore: {title}"), lines(*said), note(now.id)]
    buttons = [button(Action.DETAILS, "Details", value=now.id)]
    if now.status not in _OVER and not now.published and not now.cancel_wanted:
        buttons.append(_cancel(now))
    if now.status is RestoreStatus.COMPLETED:
        buttons.append(button(Action.LOOK, "Look inside", value=now.id))
    blocks.append(actions(BLOCK, *buttons))
    progress = "" if now.status in _OVER else f", {_share(now)} %"
    return _message(f"Restore {title}: {state}{progress}. {now.id}", blocks)


def findings_message(now: Standing) -> Message:
    """What the checks found."""
    said = _counted(now.findings)
    return _message(
        f"The checks found {said}.",
        [
            lines((bold(f"The checks found {said}."),)),
            bullets(_finding(one) for one in now.findings[:_SHOWN]),
            *([note(f"{len(now.findings) - _SHOWN} more: see the details.")] if len(now.findings) > _SHOWN else []),
            actions(BLOCK, button(Action.DETAILS, "How to fix them", value=now.id)),
        ],
    )


def published_message(now: Standing) -> Message:
    return _message(
        f"Verified and published: {now.destination} holds the restored data.",
        [lines((bold("Verified and published. "), f"{now.destination} holds the restored data from now on."))],
    )


def resumed_message(_now: Standing) -> Message:
    return _message("The restore goes on where it stopped.", [lines("The restore goes on where it stopped.")])


def ended_message(now: Standing) -> Message:
    """A reply that mentions the requester."""
    match now.status:
        case RestoreStatus.COMPLETED:
            return _completed(now)
        case RestoreStatus.CANCELLED:
            said = f"The restore was cancelled. {now.destination} is as it was."
            return _message(said, [lines((_who(now), " ", bold("The restore was cancelled."))), lines(
                f"{now.destination} is as it was.")])  # fmt: skip
        case _:
            return failed_message(now, now.failure)


def moved_message(now: Standing, channel: str) -> Message:
    """The first in a direct message, when the channel broke in the middle."""
    said = "The channel where this restore was told cannot be written to any more, so it goes on here."
    return _message(f"{said} {now.id}", [lines((f"{said} It was ", Span(channel=channel), "."))])


def _completed(now: Standing) -> Message:
    sums = {word: sum(one[word] for one in now.counts.values()) for word in ("restored", "left_out", "failed")}
    totals = (
        f"{sums['restored']:,} records and files restored, {sums['left_out']:,} left out, {sums['failed']:,} failed."
    )
    warnings = [one for one in now.findings if one.severity == "warning"]
    blocks: list[Block] = [
        lines((_who(now), " ", bold("The restore is completed.")), totals),
        bullets(_count_lines(now)),
    ]
    if warnings:
        blocks.append(lines(f"With {_counted(tuple(warnings))}; the details say how to treat them."))
    if now.pending_grants:
        blocks.append(
            lines(
                (bold(f"{now.pending_grants} pieces of access wait for an approver. "), "Nobody got any access yet."),
                ("Review them: ", code("restorebot access list")),
            )
        )
    blocks.append(
        actions(
            BLOCK,
            button(Action.LOOK, "Look inside", value=now.id, style="primary"),
            button(Action.DETAILS, "Report", value=now.id),
        )
    )
    return _message(f"The restore is completed: {totals}", blocks)


def failed_message(now: Standing, failure: str, *, resumed: bool = False) -> Message:
    """`failure` is its code. One that was resumed since needs no advice: the next reply says that it goes on."""
    what = "was stopped by what the checks found" if failure == "run-failed" else "failed"
    said: list[Line] = [
        (_who(now), " ", bold(f"The restore {what}."), " ", code(failure or "unknown")),
        f"{now.destination} is as it was.",
    ]
    if now.resumable_until is not None and not resumed:
        said.append(
            ("It can be resumed until ", when(now.resumable_until), ": ", code(f"restorebot restore resume {now.id}"))
        )
    elif not resumed:
        said.append("The details say what to do; then begin again with /restore.")
    text = f"The restore {what} ({failure or 'unknown'}). {now.destination} is as it was."
    return _message(text, [lines(*said), actions(BLOCK, button(Action.DETAILS, "Details", value=now.id))])


def _count_lines(now: Standing) -> list[Line]:
    rows: list[Line] = [f"{kind}: {outcome(one)}" for kind, one in list(now.counts.items())[:_SHOWN]]
    more = len(now.counts) - _SHOWN
    return [*rows, *([f"and {more} more kinds of records, in the report"] if more > 0 else [])] or [
        "nothing to restore"
    ]


def _state(now: Standing) -> str:
    if now.status in _OVER:
        return _OVER[now.status]
    if now.cancel_wanted:
        return "Being cancelled"
    if now.status is RestoreStatus.QUEUED:
        return "Waiting for a worker"
    number = list(Step).index(now.step) + 1
    return f"Running: {STEPS[now.step]} (step {number} of {len(Step)})"


def _progress(now: Standing) -> str:
    filled = _share(now) * _BAR // 100
    left = "" if now.seconds_left is None else f", {_duration(now.seconds_left)} left"
    return f"{'▓' * filled}{'░' * (_BAR - filled)}  {_share(now)} %, {size(now.done)} of {size(now.total)}{left}"


def _share(now: Standing) -> int:
    return 0 if now.total == 0 else min(100, now.done * 100 // now.total)


def _duration(seconds: int) -> str:
    return f"about {seconds} s" if seconds < 90 else about(round(seconds / 60))


def _who(now: Standing) -> Span:
    return user(now.user) if now.user else Span(text=now.person)


def _cancel(now: Standing) -> Any:
    return button(
        Action.CANCEL,
        "Cancel",
        value=now.id,
        style="danger",
        confirm=confirm(
            title="Cancel this restore?",
            text="What was loaded so far is discarded, and the destination stays as it is. This cannot be undone.",
            yes="Cancel it",
            no="Go on",
            danger=True,
        ),
    )


def _finding(one: FindingCount) -> Line:
    return (f"{SEVERITIES[Severity(one.severity)]} ", code(one.code), f" ({one.count} times)" if one.count > 1 else "")


def _counted(findings: tuple[FindingCount, ...]) -> str:
    counts = {word: sum(one.findings for one in findings if one.severity == kind) for kind, word in SEVERITIES.items()}
    said = [plural(count, word) for word, count in counts.items() if count]
    return ", ".join(said) or "nothing"


def _message(text: str, blocks: Sequence[Block]) -> Message:
    return Message(text=clip(escape(text), 3000), blocks=as_json(blocks))
