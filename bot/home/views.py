"""App Home: a pure function of what stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.models.blocks import Block, DividerBlock
from slack_sdk.models.views import View

from bot.blocks import actions, bold, button, header, lines, note, when
from bot.home.ids import Action


@dataclass(frozen=True, kw_only=True)
class Row:
    id: str
    source: str
    destination: str
    stands: str
    started: datetime


@dataclass(frozen=True, kw_only=True)
class Home:
    #: for who may not restore: whom to ask; "" for who may
    refused: str
    rows: Sequence[Row]
    total: int


def home_view(home: Home) -> View:
    blocks: list[Block] = [header("Restorebot")]
    if home.refused:
        said = "Here you would restore backups; that takes a role which you do not have."
        return View(type="home", blocks=[*blocks, lines(said, home.refused)])
    blocks += [
        lines("Restore a backup into an empty app. Until it is verified and published, nothing changes."),
        actions(
            "begin",
            button(Action.RESTORE, "Restore a backup", style="primary"),
            button(Action.ALL, "All restores"),
            button(Action.REFRESH, "Refresh"),
        ),
        DividerBlock(),
        lines((bold("Latest restores"),)),
    ]
    for row in home.rows:
        blocks += [
            lines((bold(row.source), " → ", bold(row.destination)), (f"{row.stands}, asked for ", when(row.started))),
            actions(
                f"row:{row.id}",
                button(
                    Action.STATUS,
                    "How it stands",
                    value=row.id,
                    label=f"How it stands: {row.source} → {row.destination}",
                ),
            ),
        ]
    if not home.rows:
        blocks.append(lines("There is no restore yet. /restore begins one."))
    elif home.total > len(home.rows):
        blocks.append(note(f"{home.total - len(home.rows)} more: All restores."))
    return View(type="home", blocks=blocks)
