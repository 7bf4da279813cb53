"""Loading and comparing a part that is a pack of attachments: whole where all of it is wanted, else made anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.apps.driver import AttachmentEntry
from core.archive.attachments import AttachmentRow
from core.archive.blobs import StoredBlob, copy_pack, repack, verify_pack
from core.archive.layout import generation_pack_key
from core.findings import Finding, FindingCode, Severity
from core.restore.assess import Tools
from core.restore.choices import Choices
from core.restore.request import Part, Resolution
from core.restore.work import Work


def wants(choices: Choices, row: AttachmentRow) -> bool:
    """Whether an attachment is restored, where attachments are restored at all."""
    if row.personal and Part.PERSONAL_SPACES in choices.without:
        return False
    leaves_repeated = choices.resolutions.get(FindingCode.CONTENT_REPEATED_KEY) is Resolution.LEAVE_OUT
    return not (leaves_repeated and row.repeated)


def load_pack(tools: Tools, work: Work, token: int) -> dict[str, Any]:
    """The pack first, then the entries that make it visible."""
    choices = work.restore.plan.choices
    wanted: list[AttachmentRow] = []
    left: list[AttachmentRow] = []
    for row in work.reader.attachments_of(work.plan.pack):
        (wanted if wants(choices, row) else left).append(row)
    if wanted and work.plan.name not in work.driver.loaded_parts(work.place):
        entries = _repacked(tools, work, wanted, token) if left else _whole(tools, work, wanted)
        work.driver.load_attachments(work.place, work.plan.name, token, entries)
    return {
        "attachments": {"restored": len(wanted), "left_out": len(left)},
        "bytes": {"restored": sum(row.size for row in wanted), "left_out": sum(row.size for row in left)},
    }


def compare_pack(tools: Tools, work: Work) -> Iterator[Finding]:
    """Every wanted attachment has its entry, and the bytes under it are the backup's."""
    choices = work.restore.plan.choices
    wanted = {
        (row.record_type, row.record_key): row
        for row in work.reader.attachments_of(work.plan.pack)
        if wants(choices, row)
    }
    entries: dict[str, list[AttachmentEntry]] = {}
    for entry in work.driver.read_attachments(work.place, pack=work.plan.pack):
        row = wanted.get((entry.record_type, entry.record_key))
        if row is not None and (row.blob, row.size, row.name) == (entry.blob, entry.size, entry.name):
            del wanted[entry.record_type, entry.record_key]
            entries.setdefault(entry.pack, []).append(entry)
    for missing in wanted.values():
        yield _differs(missing.name, missing.record_key, "is missing or another one")
    store = tools.open_store(work.place.shard.attachments_url)
    for pack, inside in sorted(entries.items()):
        for problem in verify_pack(store, generation_pack_key(work.place.generation, pack), inside):
            yield _differs(problem.name, problem.record_key, problem.message)


def _whole(tools: Tools, work: Work, rows: list[AttachmentRow]) -> list[AttachmentEntry]:
    pack = next(one for one in work.reader.manifest.packs if one.id == work.plan.pack)
    store = tools.open_store(work.place.shard.attachments_url)
    copy_pack(work.reader.store, pack, store, generation_pack_key(work.place.generation, pack.id))
    return [_entry(row, row) for row in rows]


def _repacked(tools: Tools, work: Work, rows: list[AttachmentRow], token: int) -> list[AttachmentEntry]:
    """A new pack of the wanted blobs. Its name carries the token, so that no other attempt's is in the way."""
    store = tools.open_store(work.place.shard.attachments_url)
    pack_id = f"{work.plan.pack}.{token}"
    placed = repack(work.reader.store, rows, store, work.place.generation, pack_id, _work_dir(tools))
    return [_entry(row, placed[row.blob]) for row in rows]


def _work_dir(tools: Tools) -> Path:
    path = tools.settings.work_dir
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _entry(row: AttachmentRow, placed: StoredBlob | AttachmentRow) -> AttachmentEntry:
    return AttachmentEntry(
        record_key=row.record_key,
        record_type=row.record_type,
        name=row.name,
        blob=row.blob,
        size=row.size,
        pack=placed.pack,
        offset=placed.offset,
        stored_size=placed.stored_size,
        compressed=placed.compressed,
    )


def _differs(name: str, key: str, what: str) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_ATTACHMENT_DIFFERS,
        severity=Severity.ERROR,
        subject=key,
        message=f"The loaded attachment {name} {what}. Nothing was published.",
        hint="Restore again; if it fails again, check the backup: restorebot backup check --depth hashes.",
        examples=(name,),
    )
