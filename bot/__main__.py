"""The entry point: restorebot."""

import os
import sys
from typing import ClassVar, Final

from bot import allocators
from core.cli.main import NOUNS, Noun, Nouns, command_line, run

ALL_NOUNS: Final = {
    **NOUNS,
    "demo": Noun("bot.cli.demo", "Try everything in a local Slack workspace in the browser; --cli: in the terminal."),
    "doctor": Noun("bot.cli.doctor", NOUNS["doctor"].help),
    "serve": Noun("bot.cli.serve", "Run the Slack bot, with a worker, until stopped with Ctrl-C."),
    "manifest": Noun("bot.cli.manifest", "Print the manifest that makes the Slack app."),
}


class _AllNouns(Nouns):
    nouns: ClassVar = ALL_NOUNS


INTERRUPTED = 130


def main() -> None:
    """Run the command line. After Ctrl-C the process ends at once: what a worker's threads have in flight is repeated
    by the next worker, and waiting for its end is not what the person asked for."""
    allocators.choose()
    try:
        run(command=command_line(_AllNouns))
    except SystemExit as exit_:
        if exit_.code == INTERRUPTED:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise


if __name__ == "__main__":
    main()
