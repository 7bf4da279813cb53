"""Loading and comparing a part of packs of attachments: each whole where all of it is wanted, else made anew."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.apps.driver import ATTACHMENT_ENTRIES, AttachmentEntry, entries_table
from core.archive.attachments import AttachmentRow, attachment_rows, by_pack, matched
from core.archive.blobs import StoredBlob, copy_pack, repack
from core.archive.check import check_pack
from core.archive.layout import generation_pack_key
from core.archive.verify import verify_pack
from core.findings import Finding, FindingCode, Severity
from core.restore.assess import Tools
from core.restore.choices import Choices
from core.restore.request import Part, Resolution
from core.restore.work import Work


def wanted(choices: Choices, rows: pa.Table) -> pa.Table:
    """The attachments that are restored, of rows of the index; where attachments are restored at all."""
    if Part.PERSONAL_SPACES in choices.without:
        rows = rows.filter(pc.invert(rows.column("personal")))
    if choices.resolutions.get(FindingCode.CONTENT_REPEATED_KEY) is Resolution.LEAVE_OUT:
        rows = rows.filter(pc.invert(rows.column("repeated")))
    return rows


def load_packs(tools: Tools, work: Work, token: int) -> dict[str, Any]:
    """The packs first, then the entries that make them visible."""
    rows = work.reader.attachments_of(work.plan.packs)
    chosen = {pack: wanted(work.restore.plan.choices, every) for pack, every in rows.items()}
    if any(some.num_rows for some in chosen.values()) and work.plan.name not in work.driver.loaded_parts(work.place):
        entries = [
            _stored(tools, work, pack, some, part=some.num_rows < rows[pack].num_rows, token=token)
            for pack, some in chosen.items()
            if some.num_rows
        ]
        work.driver.load_attachments(work.place, work.plan.name, token, pa.concat_tables(entries))
    restored, all_rows = pa.concat_tables(chosen.values()), pa.concat_tables(rows.values())
    size, all_sizes = (int(pc.sum(one.column("size"), min_count=0).as_py()) for one in (restored, all_rows))
    return {
        "attachments": {"restored": restored.num_rows, "left_out": all_rows.num_rows - restored.num_rows},
        "bytes": {"restored": size, "left_out": all_sizes - size},
    }


def compare_packs(tools: Tools, work: Work) -> Iterator[Finding]:
    """Every wanted attachment has its entry, and the bytes under it are the backup's."""
    rows = work.reader.attachments_of(work.plan.packs)
    with work.driver.read_attachments(work.place, packs=work.plan.packs) as reader:
        entries = reader.read_all()
    chosen = wanted(work.restore.plan.choices, pa.concat_tables(rows.values()))
    found, missing = matched(chosen, entries, ("record_type", "record_key", "name", "blob", "size"))
    for one in attachment_rows(missing):
        yield _differs(one.name, one.record_key, "is missing or another one")
    store = tools.open_store(work.place.shard.attachments_url)
    for pack, inside in by_pack(found).items():
        problems = list(verify_pack(store, generation_pack_key(work.place.generation, pack), inside))
        if problems and (damaged := _damaged(work, pack, rows)):
            yield from damaged
        else:
            yield from (_differs(one.name, one.record_key, one.message) for one in problems)


def _stored(tools: Tools, work: Work, pack: str, rows: pa.Table, *, part: bool, token: int) -> pa.Table:
    """Bring a pack, or, where `part` of it is wanted, a new pack of these rows; returns the entries."""
    if part:
        return _repacked(tools, work, pack, list(attachment_rows(rows)), token)
    store = tools.open_store(work.place.shard.attachments_url)
    copy_pack(work.reader.store, pack, store, generation_pack_key(work.place.generation, pack))
    return rows.select(ATTACHMENT_ENTRIES.names)


def _repacked(tools: Tools, work: Work, pack: str, rows: list[AttachmentRow], token: int) -> pa.Table:
    """A new pack of the wanted blobs. Its name carries the token, so that no other attempt's is in the way."""
    store = tools.open_store(work.place.shard.attachments_url)
    placed = repack(work.reader.store, rows, store, work.place.generation, f"{pack}.{token}", _work_dir(tools))
    return entries_table([_entry(row, placed[row.blob]) for row in rows])


def _work_dir(tools: Tools) -> Path:
    path = tools.settings.work_dir
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def _entry(row: AttachmentRow, placed: StoredBlob) -> AttachmentEntry:
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


def _damaged(work: Work, pack: str, rows: Mapping[str, pa.Table]) -> list[Finding]:
    """Is it the backup's pack that is damaged? One that was made anew is none of the backup's."""
    packs = (one for one in work.reader.manifest.packs if one.id == pack)
    return [finding for one in packs for finding in check_pack(work.reader.store, one, rows[pack])]


def _differs(name: str, key: str, what: str) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_ATTACHMENT_DIFFERS,
        severity=Severity.ERROR,
        subject=key,
        message=f"The loaded attachment {name} {what}. Nothing was published.",
        hint="Restore again; if it fails again, check the backup: restorebot backup check --depth hashes.",
        examples=(name,),
    )
