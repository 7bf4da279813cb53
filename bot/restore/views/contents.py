"""Step 3: what to include, of what the backup holds."""

from typing import Final

from slack_sdk.models.blocks import Block, CheckboxesElement, InputBlock
from slack_sdk.models.views import View

from bot.blocks import bold, bullets, lines, note, option, plain
from bot.metadata import Metadata
from bot.restore.facts import Contents
from bot.restore.ids import Action, BlockId
from bot.restore.views.frame import PART_NAMES, step_view
from core.restore.draft_state import DraftStep
from core.restore.request import Part

_LEFT_OUT: Final = {
    Part.ATTACHMENTS: "the list of files stays, the files themselves do not.",
    Part.USERS_AND_GROUPS: "authors become a placeholder, and no review of access follows.",
    Part.PERSONAL_SPACES: "what refers into them points to a placeholder.",
}


def contents_view(facts: Contents, metadata: Metadata, said: str = "") -> View:
    offered = [one for one in PART_NAMES if one in facts.backup.holds]
    blocks: list[Block] = [lines(("From the backup of ", bold(facts.app.name), ", all content is restored."))]
    if offered:
        options = {one: option(one.value, PART_NAMES[one]) for one in offered}
        ticked = [options[one] for one in offered if one not in facts.without]
        blocks += [
            InputBlock(
                block_id=f"{BlockId.CONTENTS}:{facts.backup.id}",
                label=plain("Include as well"),
                optional=True,
                element=CheckboxesElement(
                    action_id=Action.CONTENTS, options=list(options.values()), initial_options=ticked or None
                ),
            ),
            lines("What leaving out means:"),
            bullets((bold(f"{PART_NAMES[one]}: "), _LEFT_OUT[one]) for one in offered),
        ]
    missing = [PART_NAMES[one].lower() for one in PART_NAMES if one not in facts.backup.holds]
    if missing:
        blocks.append(note(f"This backup holds no {' and no '.join(missing)}."))
    return step_view(DraftStep.CONTENTS, metadata, blocks, submit="Next", said=said)
