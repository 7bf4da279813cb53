"""Owners of bodies and properties which only a collection of the owner names, wherever in the export it stands.

Rows whose owner is unknown wait in files, the owners' collections in an index on disk, so memory does not grow with the
export; at its end they are joined.
"""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa

from core.content import directory
from core.content.record_type import RecordType
from core.formats.batches import Batches, record_batch
from core.formats.confluence_mapping import PERSONAL_CONTENT

_PERSONAL: Final = tuple(f"{native}:" for native in PERSONAL_CONTENT)


class Owners:
    """`add` and `hold` while reading, `flush` between chunks, `joined` once at the end."""

    def __init__(self, work: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="restorebot-import-", dir=work)
        self._index = sqlite3.connect(Path(self._folder.name) / "owners.sqlite", isolation_level=None)
        # A crash loses the import anyway, so nothing here has to reach the disk.
        self._index.executescript(
            "pragma journal_mode = off; pragma synchronous = off;"
            "create table owner (native text not null, child text not null, key text not null)"
        )
        self._pairs: list[tuple[str, str, str]] = []
        self._held = Batches()
        self._spools: dict[str, tuple[RecordType, Any]] = {}

    def add(self, native: str, owner: str, children: Iterable[str]) -> None:
        """`owner` is the key of the record whose collection names these rows of the class `native`."""
        self._pairs += [(native, child, owner) for child in children]

    def hold(self, record_type: RecordType, row: Sequence[object]) -> None:
        self._held.add(record_type, row)

    def flush(self, *, everything: bool = False) -> None:
        """Moves what was gathered to the disk."""
        if self._pairs:
            self._index.execute("begin")
            self._index.executemany("insert into owner values (?, ?, ?)", self._pairs)
            self._index.execute("commit")
            self._pairs.clear()
        for record_type, batch in self._held.take(everything=everything):
            if record_type.name not in self._spools:
                path = str(Path(self._folder.name) / f"{record_type.table}.arrows")
                self._spools[record_type.name] = record_type, pa.ipc.new_stream(path, record_type.export_schema)
            self._spools[record_type.name][1].write_batch(batch)

    def joined(self) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        """The rows held back, with the owners that became known."""
        self.flush(everything=True)
        if self._spools:
            self._index.execute("create index owner_child on owner (native, child)")
        for record_type, writer in self._spools.values():
            writer.close()
            path = str(Path(self._folder.name) / f"{record_type.table}.arrows")
            with pa.OSFile(path) as source, pa.ipc.open_stream(source) as reader:
                for batch in reader:
                    yield from self._with_owners(record_type, batch)

    def _with_owners(
        self, record_type: RecordType, batch: pa.RecordBatch
    ) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        keys = batch.column("key").to_pylist()
        # The first collection that names a row wins.
        found: dict[str, str] = dict(
            self._index.execute(
                "select wanted.value, owner.key from json_each(?) as wanted"
                " join owner on owner.native = ? and owner.child = wanted.value order by owner.rowid desc",
                (orjson.dumps(keys).decode(), batch.column("native")[0].as_py()),
            )
        )
        owners = [found.get(key) for key in keys]
        place = batch.schema.get_field_index("owner")
        batch = batch.set_column(place, batch.schema.field(place), pa.array(owners, type=pa.string()))
        personal = [owner is not None and owner.startswith(_PERSONAL) for owner in owners]
        if not any(personal):
            yield record_type, batch
            return
        rest = batch.filter(pa.array([not one for one in personal]))
        if rest.num_rows:
            yield record_type, rest
        yield directory.OTHER, _personal(batch.filter(pa.array(personal)))

    def close(self) -> None:
        self._index.close()
        for _, writer in self._spools.values():
            writer.close()
        self._folder.cleanup()


def _personal(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Bodies and properties of a person's profile as other user data."""
    rows = []
    for record in batch.to_pylist():
        key, native = record.pop("key"), record.pop("native")
        values = orjson.loads(record.pop("extra") or "{}") | orjson.loads(record.pop("people") or "{}")
        values |= {name: value for name, value in record.items() if value is not None}
        rows.append((f"{native}:{key}", native, orjson.dumps(values).decode(), None))
    return record_batch(directory.OTHER, rows)
