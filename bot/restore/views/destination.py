"""Step 4: the empty app to restore into."""

from typing import Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    CheckboxesElement,
    ExternalDataSelectElement,
    InputBlock,
    PlainTextInputElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.blocks import bold, button, lines, note, option, plain
from bot.metadata import Metadata
from bot.restore.facts import AppChoice, Destinations
from bot.restore.ids import Action, BlockId, Callback
from bot.restore.views.frame import step_view
from bot.restore.views.source import describe
from bot.words import plural
from core.restore.draft_state import ContainsData, DraftStep
from core.restore.wording import about

CONTAINS_DATA: Final = {one: f"Contains data: {one.value}" for one in ContainsData}
ONLY_SHARD: Final = "only-shard"
_KINDS: Final = {"jira": "Jira", "confluence": "Confluence"}


def destination_view(facts: Destinations, metadata: Metadata, said: str = "") -> View:
    filtered = f"{facts.contains_data}-{'shard' if facts.only_shard else 'all'}"
    blocks: list[Block] = [
        lines(f"An empty {_KINDS[facts.source.type.value]} app of the same organization. It is not changed yet."),
        _filters(facts),
    ]
    if not facts.empty:
        blocks += [
            InputBlock(
                block_id=f"{BlockId.DESTINATION}:{filtered}",
                label=plain("Destination"),
                dispatch_action=True,
                element=ExternalDataSelectElement(
                    action_id=Action.DESTINATION,
                    placeholder=plain("Search apps"),
                    min_query_length=0,
                    initial_option=None
                    if facts.chosen is None
                    else option(facts.chosen.id, facts.chosen.name, describe(facts.chosen)),
                ),
            ),
            note(f"{plural(facts.candidates, 'active app')} could be it; those that the filters leave are listed."),
        ]
        if facts.chosen is not None and facts.chosen.shard != facts.backup.shard:
            blocks.append(_moves(facts.chosen, facts))
    else:
        blocks.append(lines(facts.empty))
    return step_view(
        DraftStep.DESTINATION,
        metadata,
        blocks,
        submit="" if facts.empty else "Next",
        buttons=_ways_out(facts),
        said=said,
    )


def provision_view(metadata: Metadata, shard: str, proposal: str) -> View:
    """Pushed on the wizard: a new, empty app."""
    return View(
        type="modal",
        callback_id=Callback.PROVISION,
        title=plain("Provision a new app"),
        submit=plain("Provision"),
        close=plain("Back"),
        private_metadata=metadata.pack(),
        blocks=[
            lines(f"A new, empty app on {shard}, the backup's shard. It becomes the destination of this restore."),
            InputBlock(
                block_id=BlockId.NAME,
                label=plain("Name"),
                element=PlainTextInputElement(
                    action_id=Action.NAME, initial_value=proposal, min_length=1, max_length=250
                ),
            ),
        ],
    )


def _filters(facts: Destinations) -> Block:
    options = {value: option(value.value, text) for value, text in CONTAINS_DATA.items()}
    only = option(ONLY_SHARD, "Show apps in the backup's shard")
    return ActionsBlock(
        block_id=BlockId.FILTERS,
        elements=[
            StaticSelectElement(
                action_id=Action.CONTAINS_DATA,
                placeholder=plain("Contains data"),
                options=list(options.values()),
                initial_option=options[facts.contains_data],
            ),
            CheckboxesElement(
                action_id=Action.ONLY_SHARD, options=[only], initial_options=[only] if facts.only_shard else None
            ),
        ],
    )


def _moves(chosen: AppChoice, facts: Destinations) -> Block:
    if chosen.region != facts.backup.region:
        return lines(
            (bold(chosen.name), f" is in the region {chosen.region}; the backup is in {facts.backup.region}."),
            "A restore never leaves the region: choose an app there, or provision a new one.",
        )
    return lines(
        (bold(chosen.name), f" is on {chosen.shard}; the backup is on {facts.backup.shard}."),
        f"It is moved there with the restore, an additional step that takes {about(facts.move_minutes)}.",
        "The move changes nothing in the data or its region.",
    )


def _ways_out(facts: Destinations) -> list[ButtonElement]:
    """One tap each, out of a list that is empty."""
    ways = []
    if facts.empty and facts.only_shard:
        ways.append(button(Action.ALL_SHARDS, "Show apps on all shards"))
    if facts.empty and facts.contains_data is ContainsData.NO and facts.candidates:
        ways.append(button(Action.ANY_DATA, "Show apps that contain data"))
    return [*ways, button(Action.PROVISION, "Provision a new app", style="primary" if facts.empty else None)]
