"""What every journey works with, built once a process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from slack_sdk import WebClient

from bot.identity import Accounts, Caller
from bot.settings import SlackSettings
from bot.work import Work
from core.engine import Engine

#: Opens a journey for a person: by name, with an id.
Route = Callable[[Caller, str], None]


@dataclass(frozen=True, kw_only=True)
class Bot:
    engine: Engine
    client: WebClient
    accounts: Accounts
    work: Work
    settings: SlackSettings
    #: how one journey opens another without knowing it; filled while the app is built
    routes: dict[str, Route] = field(default_factory=dict)

    def open(self, name: str, caller: Caller, subject: str = "") -> None:
        self.routes[name](caller, subject)


Routes = Mapping[str, Route]
