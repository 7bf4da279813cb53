"""How an app is divided for its move: a pure function of what the driver says of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.apps.driver import KeyRange, KeySlice
from core.workflow.order import taking_turns


@dataclass(frozen=True, kw_only=True)
class RecordSlice:
    """Rows of one type, from the first of these keys to the last."""

    record_type: str
    first: str
    last: str

    @property
    def keys(self) -> KeyRange:
        return KeyRange(first=self.first, last=self.last)


@dataclass(frozen=True, kw_only=True)
class MovePart:
    """A bounded slice of an app: the unit of loading, verifying, retry and progress."""

    name: str
    slices: tuple[RecordSlice, ...] = ()
    #: id of one pack, or ""
    pack: str = ""
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class MovePlan:
    parts: tuple[MovePart, ...]
    #: the app's edits when it was divided; with another number the plan is not of that app any more
    edits: int

    @property
    def work_bytes(self) -> int:
        """What a progress bar counts: every byte is loaded, and then verified."""
        return 2 * sum(part.size_bytes for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "MovePlan":
        parts = (
            MovePart(**{**part, "slices": tuple(RecordSlice(**one) for one in part["slices"])})
            for part in value["parts"]
        )
        return cls(parts=tuple(parts), edits=value["edits"])


def make_plan(
    records: Iterable[tuple[str, KeySlice]], packs: Mapping[str, int], *, edits: int, part_bytes: int
) -> MovePlan:
    """`records`: slices of the types in load order. `packs`: id → bytes. Small slices share a part."""
    parts = taking_turns(
        (*_record_parts(records, part_bytes), *_pack_parts(packs)),
        kind=lambda part: frozenset(one.record_type for one in part.slices),
        size=lambda part: part.size_bytes,
    )
    return MovePlan(parts=parts, edits=edits)


def _record_parts(records: Iterable[tuple[str, KeySlice]], part_bytes: int) -> Iterator[MovePart]:
    gathered: list[RecordSlice] = []
    together, number = 0, 1
    for record_type, one in records:
        if gathered and together + one.size_bytes > part_bytes:
            yield _records(gathered, number, together)
            gathered, together, number = [], 0, number + 1
        first, last = one.keys.first or "", one.keys.last or ""
        gathered.append(RecordSlice(record_type=record_type, first=first, last=last))
        together += one.size_bytes
    if gathered:
        yield _records(gathered, number, together)


def _records(slices: list[RecordSlice], number: int, size_bytes: int) -> MovePart:
    return MovePart(name=f"records-{number:05}", slices=tuple(slices), size_bytes=size_bytes)


def _pack_parts(packs: Mapping[str, int]) -> Iterator[MovePart]:
    for number, (pack, size) in enumerate(sorted(packs.items()), start=1):
        yield MovePart(name=f"pack-{number:05}", pack=pack, size_bytes=size)
