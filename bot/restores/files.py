"""A report as a file, in a direct message to the person who asked for it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.bot import Bot
from bot.client import call
from bot.identity import Caller
from bot.restores.ids import Action
from core.restore.document import counts_csv


@dataclass(frozen=True, kw_only=True)
class Form:
    """What a report is sent as."""

    ending: str
    write: Callable[[Mapping[str, Any]], str]


FORMS: Final = {
    Action.JSON: Form(ending="json", write=lambda document: json.dumps(document, ensure_ascii=False, indent=2)),
    Action.CSV: Form(ending="csv", write=counts_csv),
}


def send_report(bot: Bot, caller: Caller, document: Mapping[str, Any], form: Form) -> None:
    """Raises SlackError."""
    direct = call(bot.client.conversations_open, users=caller.user)["channel"]["id"]
    name = f"{document['id']}.{form.ending}"
    call(bot.client.files_upload_v2, channel=direct, filename=name, title=name, content=form.write(document))
