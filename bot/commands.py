"""The table of commands: what is registered, what the manifest lists, and what help says."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Subcommand:
    word: str  # "" for the command alone
    route: str  # the journey it opens
    says: str
    takes: str = ""  # what may follow it


@dataclass(frozen=True, kw_only=True)
class Command:
    name: str
    says: str
    subcommands: tuple[Subcommand, ...]

    def find(self, text: str) -> tuple[Subcommand, str] | None:
        """The subcommand that is meant, and what follows it; None: there is no such."""
        word, _, rest = text.strip().partition(" ")
        found = next((one for one in self.subcommands if one.word == word.lower()), None)
        return None if found is None else (found, rest.strip())

    @property
    def usage_hint(self) -> str:
        return (
            "["
            + " | ".join(filter(None, (" ".join(filter(None, (one.word, one.takes))) for one in self.subcommands)))
            + "]"
        )


RESTORE = Command(
    name="restore",
    says="Restore a Jira or Confluence backup",
    subcommands=(
        Subcommand(word="", route="restore.wizard", says="choose a backup and restore it into an empty app"),
        Subcommand(word="list", route="restore.list", says="all restores, with filters"),
        Subcommand(
            word="status", route="restore.status", takes="[ID]", says="how a restore stands; alone: your last one"
        ),
        Subcommand(
            word="look", route="look", takes="[APP]", says="look inside an app: its pages and issues, read-only"
        ),
        Subcommand(
            word="cancel", route="restore.cancel", takes="[ID]", says="end a restore, with everything as it was"
        ),
        Subcommand(word="help", route="help", says="this list"),
    ),
)
COMMANDS = (RESTORE,)


def help_lines(command: Command, prefix: str) -> list[tuple[str, str]]:
    """(what to type, what it does)."""
    name = f"/{prefix}{command.name}"
    return [
        (" ".join(filter(None, (name, one.word, one.takes))), f"{one.says[0].upper()}{one.says[1:]}.")
        for one in command.subcommands
    ]
