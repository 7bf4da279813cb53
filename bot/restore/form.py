"""What a person chose: the state of a window → a changed draft, or {block: what is wrong}. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from bot.restore.ids import Action
from bot.restore.views.destination import ONLY_SHARD
from core.findings import FindingCode
from core.restore.draft_state import ContainsData, DraftState, DraftStep
from core.restore.drafts import Draft
from core.restore.request import RESOLUTIONS, Part, Resolution

Values = Mapping[str, Mapping[str, Mapping[str, Any]]]

_ORDER: Final = tuple(DraftStep)


@dataclass(frozen=True, kw_only=True)
class Errors:
    """{block: what is wrong}, shown beside the fields."""

    by_block: Mapping[str, str]


Change = Callable[[Draft], Draft]


def read_step(step: DraftStep, view: Mapping[str, Any]) -> Change | Errors:
    """What the submitted window of a step says. Every missing answer is named at its field."""
    values: Values = view["state"]["values"]
    match step:
        case DraftStep.SOURCE:
            return _chosen(values, Action.APP, "Choose the app whose backup you want.", choose_app)
        case DraftStep.BACKUP:
            return _chosen(values, Action.BACKUP, "Choose a backup.", choose_backup)
        case DraftStep.CONTENTS:
            return _contents(values, view["blocks"])
        case DraftStep.DESTINATION:
            return _chosen(values, Action.DESTINATION, "Choose the app to restore into.", choose_destination)
        case DraftStep.VALIDATION:
            return _unchanged
        case DraftStep.REVIEW:
            return _acknowledged(values)


def choose_organization(organization_id: str) -> Change:
    """Another organization has other apps: everything is chosen anew."""

    def change(draft: Draft) -> Draft:
        if draft.organization_id == organization_id:
            return draft
        return replace(draft, organization_id=organization_id, state=DraftState())

    return change


def choose_app(app_id: str) -> Change:
    """Another app has other backups: what was chosen after it is forgotten."""

    def change(state: DraftState) -> DraftState:
        return state if state.app_id == app_id else DraftState(app_id=app_id, step=state.step)

    return _of_state(change)


def choose_backup(backup_id: str) -> Change:
    """Another backup may hold other parts: all are included again."""

    def change(state: DraftState) -> DraftState:
        if state.backup_id == backup_id:
            return state
        return _unchecked(replace(state, backup_id=backup_id, without=frozenset()))

    return _of_state(change)


def choose_destination(app_id: str) -> Change:
    def change(state: DraftState) -> DraftState:
        return state if state.destination_id == app_id else _unchecked(replace(state, destination_id=app_id))

    return _of_state(change)


def filter_destinations(*, contains_data: ContainsData | None = None, only_shard: bool | None = None) -> Change:
    """The chosen app may not match any more: it is chosen again."""

    def change(state: DraftState) -> DraftState:
        filtered = replace(
            state,
            contains_data=state.contains_data if contains_data is None else contains_data,
            only_backup_shard=state.only_backup_shard if only_shard is None else only_shard,
            destination_id=None,
        )
        return _unchecked(filtered)

    return _of_state(change)


def resolve(code: FindingCode, choice: Resolution) -> Change:
    """Another resolution is another plan, which is checked again. Kept is only what differs from the default."""

    def change(state: DraftState) -> DraftState:
        others = {one: chosen for one, chosen in state.resolutions.items() if one is not code}
        differs = {} if choice is RESOLUTIONS[code][0] else {code: choice}
        return _unchecked(replace(state, resolutions={**others, **differs}))

    return _of_state(change)


def run_again(draft: Draft) -> Draft:
    return replace(draft, state=replace(_unchecked(draft.state), step=DraftStep.VALIDATION))


def forward(draft: Draft) -> Draft:
    return _at(draft, +1)


def back(draft: Draft) -> Draft:
    """Keeps every choice."""
    return _at(draft, -1)


def _at(draft: Draft, by: int) -> Draft:
    number = min(max(_ORDER.index(draft.state.step) + by, 0), len(_ORDER) - 1)
    return replace(draft, state=replace(draft.state, step=_ORDER[number]))


def _of_state(change: Callable[[DraftState], DraftState]) -> Change:
    return lambda draft: replace(draft, state=change(draft.state))


def _unchecked(state: DraftState) -> DraftState:
    """A validation holds for what it looked at, and so does what was ticked."""
    return replace(state, validation=None, acknowledged=frozenset())


def only_shard_ticked(action: Mapping[str, Any]) -> bool:
    return any(one.get("value") == ONLY_SHARD for one in action.get("selected_options") or ())


def _chosen(values: Values, action: Action, missing: str, change: Callable[[str], Change]) -> Change | Errors:
    block, element = _element(values, action)
    option = element.get("selected_option") or {}
    value = option.get("value")
    return change(str(value)) if value else Errors(by_block={block: missing})


def _contents(values: Values, blocks: Sequence[Mapping[str, Any]]) -> Change | Errors:
    """What was offered, which is what the backup holds, and is not ticked. Without the element everything stays."""
    block, element = _element(values, Action.CONTENTS)
    if not block:
        return _unchanged
    ticked = {str(one["value"]) for one in element.get("selected_options") or ()}
    offered = {
        str(one["value"]) for shown in blocks if shown["block_id"] == block for one in shown["element"]["options"]
    }
    without = frozenset(part for part in Part if part.value in offered - ticked)

    def change(state: DraftState) -> DraftState:
        return state if state.without == without else _unchecked(replace(state, without=without))

    return _of_state(change)


def _acknowledged(values: Values) -> Change | Errors:
    """Without the element there is no warning to acknowledge."""
    block, element = _element(values, Action.ACKNOWLEDGE)
    if not block:
        return _unchanged
    if not element.get("selected_options"):
        return Errors(by_block={block: "Tick this to restore in spite of the warnings."})

    def change(state: DraftState) -> DraftState:
        warnings = () if state.validation is None else state.validation.warnings
        return replace(state, acknowledged=frozenset(warnings))

    return _of_state(change)


def _unchanged(draft: Draft) -> Draft:
    return draft


def _element(values: Values, action: Action) -> tuple[str, Mapping[str, Any]]:
    for block, elements in values.items():
        if action in elements:
            return block, elements[action]
    return "", {}
