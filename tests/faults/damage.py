"""Damage to one object of a sealed backup, of every sort that a disk, a person or a program may do."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from core.archive.layout import manifest_key, pack_key
from core.archive.manifest import seal
from core.catalog.backups import Backup
from tests.faults.ground import Ground


class Damage(StrEnum):
    FLIP = "flip"  # one bit
    TRUNCATE = "truncate"
    DELETE = "delete"
    SWAP = "swap"  # with another object of its kind
    DOUBLE = "double"  # the other one lies under its key too
    REPLAY = "replay"  # an older one of the same app lies in its place


@dataclass(frozen=True, order=True)
class Case:
    what: str  # manifest, index, pack:<number> or records:<type>
    damage: Damage


@dataclass(frozen=True)
class Objects:
    """The objects of the ground's backup, and of an `earlier` one of the same app."""

    ground: Ground
    earlier: Backup

    def cases(self) -> Iterator[Case]:
        manifest = self.ground.world.manifest(self.ground.backup)
        records = dict.fromkeys(one.record_type for one in manifest.objects)
        kinds = ["manifest", "index", *(f"pack:{number}" for number in range(len(manifest.packs)))]
        for what in (*kinds, *(f"records:{name}" for name in records)):
            older = self._older(what) != self._file(self.key(what, self.ground.backup)).read_bytes()
            yield from (Case(what, damage) for damage in Damage if older or damage is not Damage.REPLAY)

    def key(self, what: str, backup: Backup) -> str:
        manifest = self.ground.world.manifest(backup)
        kind, _, name = what.partition(":")
        if kind == "records":
            return next(one.key for one in manifest.objects if one.record_type == name)
        if kind == "pack":
            return pack_key(manifest.packs[int(name)].id)
        if kind == "index":
            assert manifest.attachments_index is not None
            return manifest.attachments_index.key
        return manifest_key(backup.id)

    def damaged(self, case: Case) -> set[str]:
        """Keys of all objects that the damage does harm to."""
        keys = {self.key(case.what, self.ground.backup)}
        if case.damage is Damage.SWAP:
            keys.add(str(self._other(case.what).relative_to(self.ground.world.storage_dir)))
        return keys

    def do(self, case: Case) -> str:
        """Returns the key of the damaged object."""
        backup = self.ground.backup
        key = self.key(case.what, backup)
        file, other, old = self._file(key), self._other(case.what), self._older(case.what)
        was = file.read_bytes()
        match case.damage:
            case Damage.FLIP:
                middle = len(was) // 2
                file.write_bytes(was[:middle] + bytes([was[middle] ^ 4]) + was[middle + 1 :])
            case Damage.TRUNCATE:
                file.write_bytes(was[:-1])
            case Damage.DELETE:
                file.unlink()
            case Damage.SWAP:
                file.write_bytes(other.read_bytes())
                other.write_bytes(was)
            case Damage.DOUBLE:
                shutil.copyfile(other, file)
            case Damage.REPLAY:
                file.write_bytes(old)
        assert not file.exists() or file.read_bytes() != was, "nothing was damaged"
        return key

    def _file(self, key: str) -> Path:
        return self.ground.world.storage_dir / key

    def _other(self, what: str) -> Path:
        """Another object of the same kind, of this backup where there is one."""
        kind, _, name = what.partition(":")
        backup = self.ground.backup
        if kind == "records":
            types = sorted({one.record_type for one in self.ground.world.manifest(backup).objects})
            return self._file(self.key(f"records:{types[types.index(name) - 1]}", backup))
        if kind == "pack":
            return self._file(self.key(f"pack:{1 - int(name)}", backup))
        return self._file(self.key(what, self.earlier))

    def _older(self, what: str) -> bytes:
        """Bytes that were good once: a manifest of this backup with another content that was sealed with our key, or
        the object of the earlier backup."""
        if what == "manifest":
            older = replace(self.ground.world.manifest(self.ground.backup), lacks=("as it was before",))
            return seal(older, self.ground.world.engine.keyring)
        try:
            return self._file(self.key(what, self.earlier)).read_bytes()
        except StopIteration:  # the earlier export had none of these records
            return self._other(what).read_bytes()
