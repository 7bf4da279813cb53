"""Write the next revision: what the tables in code and the revisions so far differ in."""

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.database import Database
from core.migrations import revisions, upgrade
from core.migrations.run import config
from core.migrations.tables import METADATA


def main(message: str) -> Path:
    """Compares on a database of its own, so that nobody's catalog is touched. Read the file before you keep it."""
    number = f"{len(revisions()) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/catalog.sqlite")
        if revisions():
            upgrade(database)
        with database.transaction() as session:
            if not compare_metadata(MigrationContext.configure(session.connection()), METADATA):
                raise SystemExit("The revisions make what the tables in code say. Nothing was written.")
            command.revision(
                config(connection=session.connection(), metadata=METADATA),
                message=message,
                autogenerate=True,
                rev_id=number,
            )
        database.dispose()
    (written,) = (Path(__file__).parent / "versions").glob(f"r{number}_*.py")
    lines = written.read_text(encoding="utf-8").splitlines(keepends=True)
    written.write_text("".join(line for line in lines if "# ###" not in line), encoding="utf-8")
    for words in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *words, str(written)], check=True)
    return written


if __name__ == "__main__":
    sys.stdout.write(f"{main(' '.join(sys.argv[1:]) or 'change')}\n")
