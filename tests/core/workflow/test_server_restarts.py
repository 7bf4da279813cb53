"""The server of catalog and journal crashes while workers work."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.workflow.tables import WaitingPartRow
from tests.core.workflow.ledger import Ledger
from tests.core.workflow.processes import Starter, exit_code, until
from tests.services.postgres import PostgresCluster, postgres_cluster


@pytest.fixture
def cluster() -> Iterator[PostgresCluster]:
    with postgres_cluster() as cluster:
        yield cluster


def test_workers_go_on_by_themselves_when_postgres_was_killed_and_started_again(
    cluster: PostgresCluster, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path, cluster.new_database())
    ledger.create()
    start = Starter(ledger)
    try:
        for number in range(4):
            ledger.submit(f"r{number}", body="held parts", organization=f"org{number}")
        workers = [start.working("") for _ in range(2)]
        until(lambda: waiting_parts(ledger) >= 4)
        cluster.stop(immediate=True)
        for name in ("held a", "held b"):
            ledger.signs.add(f"go {name}", "")
        time.sleep(3)
        cluster.start()
        assert [exit_code(one) for one in workers] == [0, 0]
        for number in range(4):
            assert (ledger.run(f"r{number}").status, ledger.run(f"r{number}").attempt) == ("completed", 1)
    finally:
        start.end()
        ledger.database.dispose()


def waiting_parts(ledger: Ledger) -> int:
    with ledger.database.reading() as session:
        found = select(func.count()).select_from(WaitingPartRow).where(WaitingPartRow.executor_id.is_(None))
        return session.scalar(found) or 0
