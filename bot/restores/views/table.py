"""The Restore table: a page of ten, with filters."""

from collections.abc import Iterator
from typing import Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    DividerBlock,
    ExternalDataSelectElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.blocks import actions, button, lines, note, option, plain, plain_section
from bot.metadata import Metadata
from bot.restores.facts import Table, TableAt
from bot.restores.ids import Action, BlockId, Callback
from bot.restores.views.standing import STATUSES, elapsed, progress, state
from bot.words import isolated, moment, plural
from core.restore.overview import RestoreLine

TITLE: Final = "Restores"
ROWS: Final = 10
ANY: Final = "any"


def table_view(facts: Table) -> View:
    return View(
        type="modal",
        callback_id=Callback.TABLE,
        title=plain(TITLE),
        close=plain("Close"),
        private_metadata=Metadata(step="table", detail=facts.at.pack()).pack(),
        blocks=[
            _filters(facts),
            note(_which(facts)),
            *(rows(facts, Action.DETAILS, "Details") or [lines(_empty(facts.at))]),
            _pages(facts),
        ],
    )


def rows(facts: Table, action: Action, text: str) -> list[Block]:
    """Each restore of the page with a button."""
    found: list[Block] = []
    for line in facts.page.found:
        accessory = button(action, text, value=line.id, label=f"{text}: {line.source} → {line.destination}")
        said = "\n".join(_lines(line, facts))
        found += [plain_section(said, accessory=accessory, block_id=f"{BlockId.ROW}:{line.id}"), DividerBlock()]
    return found


def _lines(line: RestoreLine, facts: Table) -> Iterator[str]:
    yield f"{isolated(line.source)} → {isolated(line.destination)}"
    yield "  ".join(filter(None, (state(line), progress(line))))
    yield f"Backup of {moment(line.taken_at, facts.zone)}"
    begun = moment(line.started_at or line.created_at, facts.zone)
    what = "Started" if line.started_at else "Asked for"
    yield f"{what} {begun} by {isolated(line.person)}, {elapsed(line, facts.now)}"
    marks = [line.id]
    if line.warnings:
        marks.append(plural(line.warnings, "warning"))
    if line.pending:
        marks.append(f"{plural(line.pending, 'grant')} of access pending")
    yield "  ·  ".join(marks)


def _filters(facts: Table) -> Block:
    at = facts.at
    options = {ANY: option(ANY, "Any status"), **{one.value: option(one.value, STATUSES[one]) for one in STATUSES}}
    chosen = options[at.status.value if at.status else ANY]
    clear: list[ButtonElement] = [button(Action.ALL_APPS, "Any app")] if at.app else []
    return ActionsBlock(
        block_id=f"{BlockId.FILTERS}:{chosen.value}:{at.app}",
        elements=[
            StaticSelectElement(
                action_id=Action.STATUS_FILTER,
                placeholder=plain("Status"),
                options=list(options.values()),
                initial_option=chosen,
            ),
            ExternalDataSelectElement(
                action_id=Action.APP_FILTER,
                placeholder=plain("Any app"),
                min_query_length=0,
                initial_option=option(at.app, facts.app_name) if at.app else None,
            ),
            *clear,
        ],
    )


def _which(facts: Table) -> str:
    page = facts.page
    total = plural(page.total, "restore")
    if not page.found:
        return total
    return f"{page.offset + 1:,} to {page.offset + len(page.found):,} of {total}, newest first"


def _empty(at: TableAt) -> str:
    if at.status or at.app or at.offset:
        return "No restore matches these filters. Choose others."
    return "Nothing has been restored yet. Begin with /restore."


def _pages(facts: Table) -> Block:
    buttons = [button(Action.REFRESH, "Refresh")]
    if facts.page.next_offset is not None:
        buttons.insert(0, button(Action.OLDER, "Older"))
    if facts.page.offset:
        buttons.insert(0, button(Action.NEWER, "Newer"))
    return actions(BlockId.PAGES, *buttons)
