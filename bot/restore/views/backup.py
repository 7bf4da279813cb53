"""Step 2: the backup, and what is known of the one that is chosen."""

from datetime import datetime
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block, ExternalDataSelectElement, InputBlock, Option, SectionBlock
from slack_sdk.models.views import View

from bot.blocks import Line, bold, bullets, lines, note, option, plain, when
from bot.metadata import Metadata
from bot.restore.facts import BackupChoice, Backups
from bot.restore.ids import Action, BlockId
from bot.restore.views.frame import PART_NAMES, step_view
from bot.words import days, moment, plural
from core.restore.draft_state import DraftStep
from core.restore.wording import size


def backup_view(facts: Backups, metadata: Metadata, said: str = "") -> View:
    blocks: list[Block] = [lines(("Backups of ", bold(facts.app.name)))]
    if not facts.restorable:
        blocks += _none(facts)
        return step_view(DraftStep.BACKUP, metadata, blocks, said=said)
    too_large = facts.chosen is not None and facts.chosen.size_bytes > facts.limit_bytes
    blocks += [_select(facts, goes_on=not too_large), note(_counts(facts))]
    if facts.chosen is not None:
        blocks.append(bullets(_details(facts.chosen, facts.now)))
        if too_large:
            blocks.append(_too_large(facts.chosen, facts.limit_bytes))
    return step_view(DraftStep.BACKUP, metadata, blocks, submit="" if too_large else "Next", said=said)


def _select(facts: Backups, *, goes_on: bool) -> Block:
    """An input is for windows that can be submitted: Slack refuses it in another."""
    block_id = f"{BlockId.BACKUP}:{facts.app.id}"
    element = ExternalDataSelectElement(
        action_id=Action.BACKUP,
        placeholder=plain("Search backups"),
        min_query_length=0,
        initial_option=None if facts.chosen is None else backup_option(facts.chosen, facts.now, facts.zone),
    )
    if not goes_on:
        return SectionBlock(block_id=block_id, text=plain("Backup"), accessory=element)
    return InputBlock(
        block_id=block_id,
        label=plain("Backup"),
        hint=plain("The newest come first. Search by date, such as 2026-11-24, or by id."),
        dispatch_action=True,
        element=element,
    )


def backup_option(backup: BackupChoice, now: datetime, zone: ZoneInfo) -> Option:
    left = "" if backup.expires_at is None else f", {days((backup.expires_at - now).days)} left"
    state = "complete" if backup.complete else "incomplete!"
    return option(
        backup.id,
        f"{moment(backup.taken_at, zone)} ({age(backup.taken_at, now)})",
        f"{size(backup.size_bytes)}, {backup.storage}, {state}{left}",
    )


def age(at: datetime, now: datetime) -> str:
    hours = max(0, int((now - at).total_seconds() // 3600))
    if hours < 1:
        return "less than an hour ago"
    return f"{plural(hours, 'hour')} ago" if hours < 48 else f"{days(hours // 24)} ago"


def _details(backup: BackupChoice, now: datetime) -> list[Line]:
    held = ", ".join(PART_NAMES[one].lower() for one in PART_NAMES if one in backup.holds)
    said: list[Line] = [
        ("Taken ", when(backup.taken_at), f", {age(backup.taken_at, now)}"),
        f"{size(backup.size_bytes)} in {backup.storage}; id {backup.id}",
        f"Holds content{', ' if held else ''}{held}" + ("" if held else " only"),
    ]
    if backup.expires_at is not None:
        left = days((backup.expires_at - now).days)
        said.append((f"Can be restored for {left} more, until ", when(backup.expires_at)))
    if backup.complete:
        said.append("Complete")
    else:
        lacks = "; ".join(backup.lacks) or "see the report of the backup"
        said.append((bold("Incomplete: "), f"{lacks}. What it holds can be restored."))
    return said


def _counts(facts: Backups) -> str:
    expired = f" {plural(facts.expired, 'expired one is', 'expired ones are')} not listed." if facts.expired else ""
    return f"{plural(facts.restorable, 'backup')} can be restored.{expired}"


def _none(facts: Backups) -> list[Block]:
    expired = f" {plural(facts.expired, 'backup has', 'backups have')} expired." if facts.expired else ""
    return [
        lines(
            f"No backup of this app can be restored.{expired}",
            "Go back and choose another app, or take an export in: restorebot backup import.",
        )
    ]


def _too_large(backup: BackupChoice, limit_bytes: int) -> Block:
    return lines(
        (bold("This backup is too large to restore by yourself."),),
        f"It holds {size(backup.size_bytes)}; up to {size(limit_bytes)} can be restored without support.",
        f"Ask support to restore it, and name the backup {backup.id}. Or choose a smaller one.",
    )
