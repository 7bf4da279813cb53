"""Step 1: the organization, if there is more than one, and the app whose backup is wanted."""

from slack_sdk.models.blocks import Block, ExternalDataSelectElement, InputBlock, SectionBlock, StaticSelectElement
from slack_sdk.models.views import View

from bot.blocks import OPTIONS, bold, bullets, lines, note, option, plain
from bot.metadata import Metadata
from bot.restore.facts import AppChoice, OrganizationChoice, Source
from bot.restore.ids import Action, BlockId
from bot.restore.views.frame import step_view
from bot.words import days, plural
from core.restore.draft_state import DraftStep


def source_view(facts: Source, metadata: Metadata, said: str = "") -> View:
    blocks: list[Block] = []
    may = [one for one in facts.organizations if not one.refused]
    if len(facts.organizations) > 1 and may:
        blocks.append(_organizations(may, facts.organization))
    refused = [one for one in facts.organizations if one.refused]
    if refused:
        blocks.append(bullets((bold(one.name), f": {one.refused}") for one in refused[:10]))
    ready = facts.organization is not None and not facts.organization.refused
    if not facts.organizations:
        blocks.append(lines("You are organization admin of no organization, so there is nothing you can restore."))
    elif ready and facts.organization is not None:
        blocks += _apps(facts, facts.organization)
    return step_view(DraftStep.SOURCE, metadata, blocks, submit="Next" if ready and facts.apps else "", said=said)


def _organizations(may: list[OrganizationChoice], chosen: OrganizationChoice | None) -> Block:
    options = [option(one.id, one.name) for one in may[:OPTIONS]]
    return SectionBlock(
        block_id=BlockId.ORGANIZATION,
        text=plain("Organization"),
        accessory=StaticSelectElement(
            action_id=Action.ORGANIZATION,
            placeholder=plain("Choose one"),
            options=options,
            initial_option=next((one for one in options if chosen and one.value == chosen.id), None),
        ),
    )


def _apps(facts: Source, organization: OrganizationChoice) -> list[Block]:
    if not facts.apps:
        return [
            lines(
                (bold(organization.name), " has no app yet, so there is no backup to restore."),
                "Apps are added with: restorebot app provision.",
            )
        ]
    return [
        InputBlock(
            block_id=f"{BlockId.APP}:{organization.id}",
            label=plain("App whose backup you want"),
            hint=plain("Type a part of its name. The app itself is not changed."),
            element=ExternalDataSelectElement(
                action_id=Action.APP,
                placeholder=plain("Search apps"),
                min_query_length=0,
                initial_option=None if facts.app is None else option(facts.app.id, facts.app.name, describe(facts.app)),
            ),
        ),
        note(f"{plural(facts.apps, 'app')} in {organization.name}."),
    ]


def describe(app: AppChoice) -> str:
    """The small line under an app in a list."""
    kind = {"jira": "Jira", "confluence": "Confluence"}[app.type.value]
    if app.days_left is None:
        return f"{kind}, on {app.shard}"
    return f"{kind}, deactivated: its backups stay {days(app.days_left)} more"
