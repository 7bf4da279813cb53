"""What will be done: a pure function of the request, the manifest and the facts about both sides."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from core.access.directory import same_case
from core.archive.manifest import Manifest
from core.content.catalogue import BY_NAME
from core.content.record_type import RecordType
from core.findings import FindingCode
from core.restore.choices import Choices
from core.restore.request import Part, Resolution, RestoreRequest
from core.workflow.order import taking_turns

#: So many packs share a part at most, and only where as many parts are left as keep several workers busy.
_PACKS_TOGETHER: Final = 4
_LEAST_PARTS: Final = 8


@dataclass(frozen=True, kw_only=True)
class PlannedPart:
    """A bounded slice of content: the unit of loading, verifying, retry and progress."""

    name: str
    #: indices into the manifest's `objects`, or ids of packs
    objects: tuple[int, ...] = ()
    packs: tuple[str, ...] = ()
    rows: int
    size_bytes: int

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PlannedPart":
        """Also of a plan of earlier days, whose parts had one pack each, or "" for none."""
        packs = value["packs"] if "packs" in value else [value["pack"]] if value["pack"] else []
        return cls(
            name=value["name"],
            objects=tuple(value["objects"]),
            packs=tuple(packs),
            rows=value["rows"],
            size_bytes=value["size_bytes"],
        )


@dataclass(frozen=True, kw_only=True)
class RestorePlan:
    backup_id: str
    manifest_digest: str
    destination_id: str
    source_shard: str
    target_shard: str
    moves: bool
    without: tuple[str, ...]
    resolutions: Mapping[str, str]
    group_names: Mapping[str, str | None]
    #: keys of the groups whose new name is None
    groups_left_out: tuple[str, ...]
    parts: tuple[PlannedPart, ...]
    size_bytes: int

    @property
    def digest(self) -> str:
        """Names the plan: what a person confirmed is run, or nothing is."""
        return _digest(asdict(self))

    @property
    def field_digests(self) -> dict[str, str]:
        """The same for each field: which of them differ says what has changed between two plans."""
        return {name: _digest(value) for name, value in asdict(self).items()}

    @property
    def work_bytes(self) -> int:
        """What a progress bar counts: every byte is loaded, and then verified."""
        return 2 * self.size_bytes

    @property
    def choices(self) -> Choices:
        return Choices(
            without=frozenset(Part(word) for word in self.without),
            resolutions={FindingCode(code): Resolution(choice) for code, choice in self.resolutions.items()},
            group_names=self.group_names,
            groups_left_out=frozenset(self.groups_left_out),
        )

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "digest": self.digest}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RestorePlan":
        fields = {name: value[name] for name in cls.__dataclass_fields__}
        fields["without"] = tuple(fields["without"])
        fields["groups_left_out"] = tuple(fields["groups_left_out"])
        fields["parts"] = tuple(map(PlannedPart.from_json, fields["parts"]))
        return cls(**fields)


def make_plan(
    *,
    request: RestoreRequest,
    manifest: Manifest,
    manifest_digest: str,
    destination_shard: str,
    target_shard: str,
    existing_groups: frozenset[str | None],
    backup_groups: Mapping[str, str],
    part_bytes: int,
) -> RestorePlan:
    """`existing_groups`: the organization's groups by name, in one case. `backup_groups`: the backup's, key → name."""
    choices = Choices(without=request.without)
    group_names = _group_names(request, existing_groups, frozenset(backup_groups.values()))
    parts = taking_turns(
        (*_record_parts(manifest, choices, part_bytes), *_pack_parts(manifest, request.without)),
        kind=lambda part: frozenset(manifest.objects[one].record_type for one in part.objects),
        size=lambda part: part.size_bytes,
    )
    return RestorePlan(
        backup_id=request.backup_id,
        manifest_digest=manifest_digest,
        destination_id=request.destination_id,
        source_shard=manifest.shard,
        target_shard=target_shard,
        moves=target_shard != destination_shard,
        without=tuple(sorted(part.value for part in request.without)),
        resolutions={code.value: choice.value for code, choice in sorted(request.effective.items())},
        group_names=group_names,
        groups_left_out=tuple(
            sorted(key for key, name in backup_groups.items() if group_names.get(name, name) is None)
        ),
        parts=parts,
        size_bytes=sum(part.size_bytes for part in parts),
    )


def _record_parts(manifest: Manifest, choices: Choices, part_bytes: int) -> Iterator[PlannedPart]:
    """Objects in load order; small ones share a part."""
    wanted = [
        (_type(one.record_type).order, index)
        for index, one in enumerate(manifest.objects)
        if not choices.leaves_out(_type(one.record_type))
    ]
    gathered: list[int] = []
    together, number = 0, 0
    for _, index in sorted(wanted):
        size = manifest.objects[index].arrow_bytes
        if gathered and together + size > part_bytes:
            number += 1
            yield _records(manifest, gathered, number)
            gathered, together = [], 0
        gathered.append(index)
        together += size
    if gathered:
        yield _records(manifest, gathered, number + 1)


def _records(manifest: Manifest, objects: list[int], number: int) -> PlannedPart:
    return PlannedPart(
        name=f"records-{number:05}",
        objects=tuple(objects),
        rows=sum(manifest.objects[one].rows for one in objects),
        size_bytes=sum(manifest.objects[one].arrow_bytes for one in objects),
    )


def _pack_parts(manifest: Manifest, without: frozenset[Part]) -> Iterator[PlannedPart]:
    """A part has its price, which is that of some tens of megabytes: of many packs some share one."""
    if Part.ATTACHMENTS in without:
        return
    together = max(1, min(_PACKS_TOGETHER, len(manifest.packs) // _LEAST_PARTS))
    for number, start in enumerate(range(0, len(manifest.packs), together), start=1):
        packs = manifest.packs[start : start + together]
        yield PlannedPart(
            name=f"pack-{number:05}",
            packs=tuple(one.id for one in packs),
            rows=0,
            size_bytes=sum(one.size for one in packs),
        )


def _group_names(
    request: RestoreRequest, existing: frozenset[str | None], backup_groups: frozenset[str]
) -> dict[str, str | None]:
    """What becomes of the backup's groups whose name the organization has: merged ones are not in it."""
    choice = request.effective[FindingCode.GROUP_NAME_EXISTS]
    if choice is Resolution.MERGE or Part.USERS_AND_GROUPS in request.without:
        return {}
    taken = {*existing, *map(same_case, backup_groups)}
    names: dict[str, str | None] = {}
    for name in sorted(backup_groups):
        if same_case(name) not in existing:
            continue
        names[name] = None if choice is Resolution.LEAVE_OUT else _free_name(name, taken)
    return names


def _free_name(name: str, taken: set[str | None]) -> str:
    number = 1
    while True:
        candidate = f"{name} (restored)" if number == 1 else f"{name} (restored {number})"
        if same_case(candidate) not in taken:
            taken.add(same_case(candidate))
            return candidate
        number += 1


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _type(name: str) -> RecordType:
    return BY_NAME[name]
