"""Shards on a PostgreSQL of a test, and what is loaded there."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from sqlalchemy.engine import URL, make_url

from core.apps.driver import KeyRange, Place, Shard
from core.apps.embedded.driver import EmbeddedDriver
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType, RecordType
from tests.services.postgres import conninfo

ISSUE = BY_NAME["jira.issue"]
#: Long enough for a busy machine; what is waited for comes in a moment.
SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One staged generation, and the server's own view of it."""

    driver: EmbeddedDriver
    shard: Shard
    url: URL  # with the password

    @property
    def place(self) -> Place:
        return Place(shard=self.shard, generation="gen-1", app_type=AppType.JIRA)

    def load(self, part: str, *records: dict[str, Any], record_type: RecordType = ISSUE) -> int:
        token = self.driver.claim(self.place, part)
        return self.driver.load(self.place, part, token, [(record_type, batches(record_type, records).to_reader())])

    def keys(self, record_type: RecordType = ISSUE) -> list[str]:
        return [str(key) for key in self.driver.read(self.place, record_type, KeyRange()).read_all()["key"].to_pylist()]

    @contextmanager
    def administrator(self) -> Iterator[psycopg.Connection[Any]]:
        """A session on the shard's database that has nothing to do with the driver."""
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            connection.execute('SET search_path TO "gen-1"')
            yield connection

    def until(self, condition: str) -> None:
        """Wait until a session of ours is as `condition` says, in words of pg_stat_activity."""
        asked = f"SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'restorebot%' AND {condition}"
        pause = threading.Event()
        with self.administrator() as connection:
            for _ in range(SECONDS * 50):
                if connection.execute(asked).fetchone() != (0,):
                    return
                pause.wait(0.02)
        raise AssertionError(f"no session of ours came to: {condition}")


def batches(record_type: RecordType, records: tuple[dict[str, Any], ...]) -> pa.Table:
    return pa.Table.from_pylist([{"native": "N"} | one for one in records], schema=record_type.schema)


def ground(url: str | URL, folder: Path, *, owner: str = "here") -> Ground:
    """The URL may have a password, the shard's has not: it comes from the environment."""
    whole = make_url(url)
    (folder / "files").mkdir(exist_ok=True)
    shard = Shard(
        name="eu-1",
        region="eu",
        url=conninfo(whole._replace(password=None)),
        attachments_url=(folder / "files").as_uri(),
    )
    return Ground(driver=EmbeddedDriver(owner=owner), shard=shard, url=whole)


@dataclass
class HeldLoad:
    """A load that has sent rows to the server and stands still until it is let go on."""

    ground: Ground
    part: str
    outcome: list[int | BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._go_on = threading.Event()
        self._thread = threading.Thread(target=self._load)

    def __enter__(self) -> "HeldLoad":
        self.token = self.ground.driver.claim(self.ground.place, self.part)
        self._thread.start()
        self.ground.until("query LIKE 'COPY%' AND state = 'active' AND wait_event = 'ClientRead'")
        return self

    def __exit__(self, *_: object) -> None:
        self._go_on.set()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()

    def go_on(self) -> int | BaseException:
        """What came of it: the rows, or what it raised."""
        self._go_on.set()
        self._thread.join(SECONDS)
        return self.outcome[0]

    def _load(self) -> None:
        def rows() -> Iterator[pa.RecordBatch]:
            for number in range(4):
                if number == 3:
                    assert self._go_on.wait(SECONDS)
                many = tuple({"key": f"{self.part}-{number}-{row}", "summary": "x" * 500} for row in range(2000))
                yield from batches(ISSUE, many).to_batches()

        reader = pa.RecordBatchReader.from_batches(ISSUE.schema, rows())
        self.outcome.append(
            caught(lambda: self.ground.driver.load(self.ground.place, self.part, self.token, [(ISSUE, reader)]))
        )


def caught(call: Callable[[], int]) -> int | BaseException:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return error
