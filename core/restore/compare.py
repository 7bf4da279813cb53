"""Is what was loaded what the backup holds? Two streams of sorted batches, compared column by column. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

import pyarrow as pa
import pyarrow.compute as pc

from core.content.record_type import RecordType
from core.findings import Finding, FindingCode, Severity

_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Words:
    """How what differs is told."""

    held_by: str  # what was loaded comes from it
    hint: str


OF_BACKUP = Words(
    held_by="the backup",
    hint="Nothing was published, and the destination is as it was. Restore again; if it fails again, tell support.",
)


@dataclass(frozen=True, kw_only=True)
class Compared:
    rows: int
    findings: tuple[Finding, ...]


def compare(
    record_type: RecordType,
    expected: Iterable[pa.RecordBatch],
    actual: Iterable[pa.RecordBatch],
    words: Words = OF_BACKUP,
) -> Compared:
    """Compare all rows. Where keys differ, the first that is missing or was added is named and the rest is not looked
    at; where only values differ, every such row is counted, by column."""
    left, right = _Rows(expected), _Rows(actual)
    rows = 0
    differing: dict[str, tuple[int, list[str]]] = {}
    while left.fill() and right.fill():
        size = min(left.available, right.available)
        want, have = left.take(size), right.take(size)
        rows += size
        if want.equals(have):
            continue
        if not want.column("key").equals(have.column("key")):
            return Compared(rows=rows, findings=(_first_strange(record_type, want, have, words),))
        _note_differences(want, have, differing)
    found = [_differs(record_type, column, *what, words) for column, what in sorted(differing.items())]
    if left.fill():
        found.append(_missing(record_type, left.take(1).column("key")[0].as_py(), words))
    if right.fill():
        found.append(_added(record_type, right.take(1).column("key")[0].as_py(), words))
    return Compared(rows=rows, findings=tuple(found))


class _Rows:
    """A stream of batches, taken in slices of any size."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches: Iterator[pa.RecordBatch] = iter(batches)
        self._batch: pa.RecordBatch | None = None

    @property
    def available(self) -> int:
        return 0 if self._batch is None else int(self._batch.num_rows)

    def fill(self) -> bool:
        while not self.available:
            self._batch = next(self._batches, None)
            if self._batch is None:
                return False
        return True

    def take(self, size: int) -> pa.RecordBatch:
        assert self._batch is not None  # noqa: S101 - fill() was true
        taken, self._batch = self._batch.slice(0, size), self._batch.slice(size)
        return taken


def _first_strange(record_type: RecordType, want: pa.RecordBatch, have: pa.RecordBatch, words: Words) -> Finding:
    for index in count():
        wanted, had = want.column("key")[index].as_py(), have.column("key")[index].as_py()
        if wanted != had:
            return _missing(record_type, wanted, words) if wanted < had else _added(record_type, had, words)
    raise AssertionError("unreachable: the columns differ")


def _note_differences(want: pa.RecordBatch, have: pa.RecordBatch, differing: dict[str, tuple[int, list[str]]]) -> None:
    for name in want.schema.names:
        one, other = want.column(name), have.column(name)
        if one.equals(other):
            continue
        same = pc.or_(pc.fill_null(pc.equal(one, other), False), pc.and_(pc.is_null(one), pc.is_null(other)))
        keys = want.column("key").filter(pc.invert(same))
        total, examples = differing.get(name, (0, []))
        differing[name] = (total + len(keys), (examples + keys.slice(0, _EXAMPLES).to_pylist())[:_EXAMPLES])


def _differs(record_type: RecordType, column: str, total: int, examples: list[str], words: Words) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_RECORDS_DIFFER,
        severity=Severity.ERROR,
        subject=f"{record_type.name}.{column}",
        message=f"{total} {record_type.title} have another value in {column} than {words.held_by}.",
        hint=words.hint,
        count=total,
        examples=tuple(examples),
    )


def _missing(record_type: RecordType, key: str, words: Words) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_RECORDS_MISSING,
        severity=Severity.ERROR,
        subject=record_type.name,
        message=f"Records of {words.held_by} are missing among the loaded {record_type.title}.",
        hint=words.hint,
        examples=(key,),
    )


def _added(record_type: RecordType, key: str, words: Words) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_RECORDS_ADDED,
        severity=Severity.ERROR,
        subject=record_type.name,
        message=f"Among the loaded {record_type.title} is one that {words.held_by} does not have.",
        hint=words.hint,
        examples=(key,),
    )
