"""One restore: how it stands, what was found, what it came to, and what can be done with it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement
from slack_sdk.models.views import View

from bot.blocks import Line, actions, bold, bullets, button, clip, code, confirm, italic, lines, note, plain, when
from bot.metadata import Metadata
from bot.restores.facts import Status
from bot.restores.ids import Action, BlockId, Callback
from bot.restores.views.standing import elapsed, progress, state
from bot.words import SEVERITIES, isolated, outcome, plural
from core.catalog.run_tables import RunStatus
from core.catalog.runs import OPEN
from core.findings import Finding
from core.restore.overview import RestoreLine

TITLE: Final = "Restore"
#: A window holds 100 blocks, and a finding takes up to two.
FINDINGS: Final = 30
_EXAMPLE: Final = 250


def status_view(facts: Status, *, back: str = "", said: str = "") -> View:
    """`back` is where in the table it was opened, so that it leads there again; `said` stands above all else."""
    rows = [(BlockId.STEPS, _steps(facts, back)), (BlockId.FILES, _files(facts))]
    return View(
        type="modal",
        callback_id=Callback.STATUS,
        title=plain(TITLE),
        close=plain("Close"),
        private_metadata=Metadata(step="status", subject=facts.line.id, detail=back).pack(),
        blocks=[
            *([lines((bold(said),))] if said else []),
            lines(*head(facts)),
            *_outcome(facts),
            *_counts(facts.counts),
            *_findings(facts.findings),
            *(actions(block_id, *buttons) for block_id, buttons in rows if buttons),
        ],
    )


def head(facts: Status) -> list[Line]:
    line = facts.line
    return [
        (bold(isolated(line.source)), " → ", bold(isolated(line.destination))),
        "  ".join(filter(None, (state(line), progress(line)))),
        ("Backup of ", when(line.taken_at)),
        ("Asked for ", when(line.created_at), f" by {isolated(line.person)}, {elapsed(line, facts.now)}"),
        code(line.id),
    ]


def cancel_button(line: RestoreLine, *, asks: bool) -> ButtonElement:
    """`asks` once more; where the whole window asks, it does not."""
    asked = confirm(
        title="Cancel this restore?",
        text="What was loaded so far is discarded, and the destination stays as it is. This cannot be undone.",
        yes="Cancel it",
        no="Go on",
        danger=True,
    )
    confirmed = asked if asks else None
    return button(Action.CANCEL, "Cancel the restore", value=line.id, style="danger", confirm=confirmed)


def _outcome(facts: Status) -> Iterator[Block]:
    line = facts.line
    if facts.failure is not None:
        said: list[Line] = [(bold(clip(facts.failure.message, 2000)), " ", code(facts.failure.code))]
        if facts.failure.hint:
            said.append(italic(clip(facts.failure.hint, 1000)))
        yield lines(*said)
    if line.status in {RunStatus.FAILED, RunStatus.CANCELLED}:
        yield lines(f"{isolated(line.destination)} is as it was before.")
    if line.can_be_resumed(facts.now) and line.staging_until is not None:
        yield lines(("It can be resumed until ", when(line.staging_until), ", and goes on where it stopped."))
    if line.pending:
        waits = plural(line.pending, "grant of access waits", "grants of access wait")
        yield lines((bold(f"{waits} for an approver. "), "Nobody has it yet. ", code("restorebot access list")))


def _counts(counts: Mapping[str, Mapping[str, int]]) -> Iterator[Block]:
    shown = {name: one for name, one in counts.items() if one["in_backup"]}
    if shown:
        yield lines((bold("What the backup holds, and what became of it"),))
        yield bullets((bold(name), f": {outcome(one)}") for name, one in shown.items())


def _findings(findings: Sequence[Finding]) -> Iterator[Block]:
    shown = findings[:FINDINGS]
    for severity, word in SEVERITIES.items():
        total = sum(one.severity is severity for one in findings)
        if total:
            yield lines((bold(plural(total, word)),))
        for one in shown:
            if one.severity is severity:
                yield from _finding(one)
    if len(findings) > FINDINGS:
        yield note(f"{len(findings) - FINDINGS} more are in the report.")


def _finding(one: Finding) -> Iterator[Block]:
    said: list[Line] = [(clip(one.message, 1500), " ", code(one.code.value))]
    if one.hint:
        said.append(italic(clip(one.hint, 1000)))
    yield lines(*said)
    if one.examples:
        more = one.count - len(one.examples)
        yield bullets([*(clip(each, _EXAMPLE) for each in one.examples), *([f"and {more:,} more"] if more > 0 else [])])


def _steps(facts: Status, back: str) -> list[ButtonElement]:
    line, found = facts.line, list[ButtonElement]()
    if back:
        found.append(button(Action.TO_TABLE, "Back to the list"))
    if line.status.value in OPEN:
        found.append(button(Action.REFRESH, "Refresh"))
    if line.status is RunStatus.COMPLETED:
        found.append(button(Action.LOOK, "Look inside", value=line.destination_id, style="primary"))
    if line.can_be_resumed(facts.now):
        found.append(button(Action.RESUME, "Resume", value=line.id, style="primary"))
    if line.can_be_cancelled(facts.now):
        found.append(cancel_button(line, asks=True))
    return found


def _files(facts: Status) -> list[ButtonElement]:
    if facts.line.status.value in OPEN:
        return []
    return [
        button(Action.JSON, "Report as JSON", value=facts.line.id),
        button(Action.CSV, "Counts as CSV", value=facts.line.id),
    ]
