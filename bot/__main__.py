"""The entry point: restorebot."""

import os
import sys

from core.cli.main import run

INTERRUPTED = 130


def main() -> None:
    """Run the command line. After Ctrl-C the process ends at once: what a worker's threads have in flight is repeated
    by the next worker, and waiting for its end is not what the person asked for."""
    try:
        run()
    except SystemExit as exit_:
        if exit_.code == INTERRUPTED:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise


if __name__ == "__main__":
    main()
