"""Step 5: the checks, grouped, with how to fix what they found."""

from collections.abc import Iterator, Mapping
from typing import Final

from slack_sdk.models.blocks import Block, ButtonElement, SectionBlock, StaticSelectElement
from slack_sdk.models.views import View

from bot.blocks import actions, bold, bullets, button, clip, confirm, italic, lines, note, option, plain
from bot.metadata import Metadata
from bot.restore.facts import Checks
from bot.restore.ids import Action, BlockId
from bot.restore.views.frame import step_view
from bot.words import SEVERITIES, plural
from core.findings import Finding, FindingCode, Severity
from core.findings import blocks as are_blocking
from core.restore.assess import Phase
from core.restore.draft_state import DraftStep
from core.restore.request import RESOLUTIONS, Resolution

#: A window holds 100 blocks, and a finding takes up to four.
SHOWN: Final = 20
_MEANS: Final = {
    Severity.ERROR: "Each of them stops the restore.",
    Severity.WARNING: "You are asked to acknowledge them.",
    Severity.INFO: "",
}
CHOICES: Final = {
    Resolution.KEEP: "Keep as they are",
    Resolution.PLACEHOLDER: "Use a placeholder",
    Resolution.LEAVE_OUT: "Leave out",
    Resolution.MERGE: "Merge with the existing",
    Resolution.NEW_NAME: "Give a new name",
}


def validation_view(facts: Checks, metadata: Metadata, said: str = "") -> View:
    again = [button(Action.RUN_AGAIN, "Run the checks again")]
    if facts.problem:
        text = [lines((bold("The checks could not be finished."),), facts.problem, "Nothing was changed.")]
        return step_view(DraftStep.VALIDATION, metadata, text, buttons=again, said=said)
    if facts.findings is None:
        return step_view(DraftStep.VALIDATION, metadata, _running(facts), buttons=again, said=said)
    found = list(_groups(facts.findings, facts.resolutions))
    if not facts.findings:
        found = [lines((bold("No problems found."),), "Backup and destination fit together.")]
    submit = "" if are_blocking(facts.findings) else "Next"
    return step_view(DraftStep.VALIDATION, metadata, found, submit=submit, buttons=again, said=said)


def counted(findings: tuple[Finding, ...]) -> str:
    """2 errors, 3 warnings."""
    counts = {severity: sum(one.severity is severity for one in findings) for severity in SEVERITIES}
    said = [plural(counts[severity], word) for severity, word in SEVERITIES.items() if counts[severity]]
    return ", ".join(said) or "no problems"


def _running(facts: Checks) -> list[Block]:
    total, at = len(Phase), 0 if facts.at is None else facts.at.number
    progress = f"Step {at} of {total}: {facts.at.value}" if facts.at else "Beginning"
    bar = "▓" * at + "░" * (total - at)
    return [
        lines((bold("Checking backup and destination…"),), f"{bar}  {progress}"),
        note("This window fills in by itself. You can close it: a message brings you back."),
    ]


def _groups(findings: tuple[Finding, ...], resolutions: Mapping[FindingCode, Resolution]) -> Iterator[Block]:
    shown = findings[:SHOWN]
    for severity, word in SEVERITIES.items():
        of_it = [one for one in findings if one.severity is severity]
        if not of_it:
            continue
        yield lines((bold(plural(len(of_it), word)), f"  {_MEANS[severity]}"))
        for number, finding in enumerate(one for one in shown if one.severity is severity):
            yield from _finding(finding, resolutions, f"{severity.value}-{number}")
    if len(findings) > len(shown):
        yield note(f"{len(findings) - len(shown)} more are in: restorebot restore plan.")


def _finding(finding: Finding, resolutions: Mapping[FindingCode, Resolution], name: str) -> Iterator[Block]:
    here = finding.code in RESOLUTIONS or finding.code is FindingCode.DESTINATION_DEFAULT_PERSONAL_SPACE
    hint = "" if here else finding.hint  # what is done by a button below needs no words for it
    yield lines((bold(finding.message),), *([italic(hint)] if hint else []))
    if finding.examples:
        more = finding.count - len(finding.examples)
        examples = [clip(one, 250) for one in finding.examples]
        yield bullets([*examples, *([f"and {more} more"] if more > 0 else [])])
    if finding.code in RESOLUTIONS:
        yield _resolution(finding.code, resolutions, name)
    if finding.code is FindingCode.DESTINATION_DEFAULT_PERSONAL_SPACE:
        yield actions(f"{BlockId.FIX}:{name}", _clear_space(finding.subject))


def _resolution(code: FindingCode, resolutions: Mapping[FindingCode, Resolution], name: str) -> Block:
    options = {choice: option(choice.value, CHOICES[choice]) for choice in RESOLUTIONS[code]}
    return SectionBlock(
        block_id=f"{BlockId.RESOLVE}:{name}",
        text=plain("How to treat them:"),
        accessory=StaticSelectElement(
            action_id=f"{Action.RESOLVE}:{code.value}",
            placeholder=plain("Choose"),
            options=list(options.values()),
            initial_option=options[resolutions[code]],
        ),
    )


def _clear_space(name: str) -> ButtonElement:
    return button(
        Action.CLEAR_SPACE,
        "Delete the default personal space",
        style="danger",
        confirm=confirm(
            title="Delete this space?",
            text=f"The personal space that {name or 'the destination'} was made with is deleted for good. "
            "Nothing else is in it.",
            yes="Delete it",
            danger=True,
        ),
    )
