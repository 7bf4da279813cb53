import ast
import subprocess
import sys
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import core
from core.database import Database
from core.errors import WrongState
from core.migrations import head, revision_of, revisions, upgrade
from core.migrations.run import config
from core.migrations.tables import METADATA, MODULES
from tests.core.catalog.world import PROCESSES

COUNT = 3


@pytest.fixture
def url(catalog_url: str, tmp_path: Path) -> str:
    """On SQLite the folder has to be made, too."""
    return f"sqlite:///{tmp_path / 'new' / 'catalog.sqlite'}" if catalog_url.startswith("sqlite") else catalog_url


def test_the_revisions_make_what_the_tables_in_code_say(url: str) -> None:
    database = Database(url)
    upgrade(database)
    with database.transaction() as session:
        connection = session.connection()
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA) == []
        assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}
        partial = session.scalar(
            text("SELECT sql FROM sqlite_master WHERE name = 'uq_hold_exclusive'")
            if database.is_sqlite
            else text("SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_hold_exclusive'")
        )
    database.dispose()
    assert str(partial).endswith("WHERE exclusive")


def test_every_module_with_tables_is_known_to_migrations() -> None:
    root = Path(core.__file__).parent
    declaring = set()
    for path in root.rglob("*.py"):
        names = (
            node.id for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Name)
        )
        if "__tablename__" in names:
            declaring.add("core." + ".".join(path.relative_to(root).with_suffix("").parts))
    assert declaring == {module.__name__ for module in MODULES}


def test_revisions_stand_in_one_line_and_their_files_tell_the_newest() -> None:
    scripts = ScriptDirectory.from_config(config())
    assert scripts.get_heads() == [head()]
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(revisions()))


def test_a_catalog_that_is_up_to_date_costs_no_alembic(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.dispose()
    code = (
        "import sys; from core.database import Database; from core.migrations import upgrade;"
        f"upgrade(Database({url!r})); print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_newer_catalog_is_refused_and_left_as_it_is(url: str) -> None:
    database = Database(url)
    upgrade(database)
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(WrongState, match="its revision is 9999") as refused:
        upgrade(database)
    assert "newer version" in refused.value.hint
    with database.transaction() as session:
        assert revision_of(session.connection()) == "9999"
    database.dispose()


def test_others_tables_are_left_alone(url: str) -> None:
    database = Database(url)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE apscheduler_jobs (id TEXT)"))
    upgrade(database)
    with database.transaction() as session:
        assert inspect(session.connection()).has_table("apscheduler_jobs")
        assert inspect(session.connection()).has_table("hold")
    database.dispose()


def test_a_failure_leaves_the_schema_as_it_was(url: str) -> None:
    database = Database(url)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE restore_finding (x TEXT)"))
    with pytest.raises(Exception, match="restore_finding"):
        upgrade(database)
    with database.transaction() as session:
        assert inspect(session.connection()).get_table_names() == ["restore_finding"]
    database.dispose()


def start(url: str, begin: Barrier, results: "Queue[str | None]") -> None:
    database = Database(url)
    begin.wait()
    upgrade(database)
    with database.transaction() as session:
        results.put(revision_of(session.connection()))
    database.dispose()


@pytest.mark.parametrize("_attempt", range(2))
def test_processes_that_start_first_at_once_do_not_fail(url: str, _attempt: int) -> None:
    results: Queue[str | None] = PROCESSES.Queue()
    begin = PROCESSES.Barrier(COUNT)
    processes = [PROCESSES.Process(target=start, args=(url, begin, results)) for _ in range(COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * COUNT
    assert [results.get(timeout=5) for _ in processes] == [head()] * COUNT
