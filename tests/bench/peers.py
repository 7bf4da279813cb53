"""The programs we are held against, from Debian's packages."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.bench.children import BenchError


@dataclass(frozen=True, kw_only=True)
class Peer:
    package: str
    program: str  # a name to be looked for on the path, or a whole path

    def require(self, bars: str) -> Path:
        """Where the program is. Raises BenchError, which says how to get it."""
        found = shutil.which(self.program)
        if found is None:
            raise BenchError(
                f"Bars {bars} are held against {self.package}, which is not installed; nothing was measured. An"
                f" administrator installs it with: apt-get install --yes {self.package}"
            )
        return Path(found)


RESTIC = Peer(package="restic", program="restic")
POSTGRESQL = Peer(package="postgresql-15", program="/usr/lib/postgresql/15/bin/pg_restore")
