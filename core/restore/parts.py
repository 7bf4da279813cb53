"""Loading and verifying one part: records from Parquet to the driver and back again, and packs of attachments."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from core.apps.driver import AttachmentEntry, Driver, KeyRange, Place
from core.archive.attachments import AttachmentRow
from core.archive.blobs import StoredBlob, copy_pack, repack, verify_pack
from core.archive.layout import generation_pack_key
from core.archive.manifest import PackObject, RecordObject
from core.archive.reader import ArchiveReader
from core.catalog import apps, backups, generations
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.errors import DamagedObject, RunFailed
from core.findings import Finding, FindingCode, Severity, in_order
from core.restore import restores
from core.restore.assess import Tools, open_backup, unreadable
from core.restore.choices import Choices, apply
from core.restore.compare import compare
from core.restore.plan import PlannedPart
from core.restore.request import Part, Resolution
from core.restore.restores import Restore
from core.workflow.runs import RunRef


@dataclass
class Tally:
    """What streamed by: rows per record type, and what the choices changed."""

    restored: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        return {"restored": dict(self.restored), "left_out": dict(self.left_out), "changed": dict(self.changed)}


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What a part works with."""

    restore: Restore
    plan: PlannedPart
    reader: ArchiveReader
    driver: Driver
    place: Place


@dataclass(frozen=True, kw_only=True)
class PartSteps:
    tools: Tools

    def load(self, run: RunRef, name: str) -> None:
        """One transaction on the shard. A part that is loaded already is only counted again."""
        work = self._work(run, name)
        token = work.driver.claim(work.place, name)
        try:
            done = self._load_pack(work, token) if work.plan.pack else self._load_records(work, token)
        except DamagedObject as error:
            self._refuse(run, work, error)
        self._done(run, work, "load", done)

    def verify(self, run: RunRef, name: str) -> None:
        """Read the part back and compare it with the backup. Findings are kept with the part."""
        work = self._work(run, name)
        try:
            findings = list(self._verify_pack(work) if work.plan.pack else self._verify_records(work))
        except DamagedObject as error:
            self._refuse(run, work, error)
        self._done(run, work, "compare", {"findings": [one.to_json() for one in findings]})

    def findings_of_all(self, restore: Restore) -> tuple[Finding, ...]:
        """After all parts: what they found, whether every part was compared, totals, and references."""
        with self.tools.database.transaction() as session:
            loaded = restores.parts_done(session, restore, "load")
            verified = restores.parts_done(session, restore, "compare")
            driver = self.tools.drivers[apps.get(session, restore.app_id).driver]
            place = generations.place(session, restore.generation or "")
        findings = [Finding.from_json(one) for done in verified.values() for one in done["findings"]]
        unchecked = [part.name for part in restore.plan.parts if part.name not in verified or part.name not in loaded]
        if unchecked:
            findings.append(_unchecked(unchecked))
        findings += self._totals(driver, place, loaded)
        findings += self._references(driver, place)
        findings += self._unmapped(restore)
        return in_order(findings)

    def _work(self, run: RunRef, name: str) -> _Work:
        with self.tools.database.transaction() as session:
            restore = restores.look(session, run.id, run.token)
            backup = backups.get(session, restore.backup_id)
            driver = self.tools.drivers[apps.get(session, restore.app_id).driver]
            place = generations.place(session, restore.generation or "")
        plan = next(part for part in restore.plan.parts if part.name == name)
        reader = open_backup(self.tools, backup)
        return _Work(restore=restore, plan=plan, reader=reader, driver=driver, place=place)

    def _done(self, run: RunRef, work: _Work, step: str, done: Mapping[str, Any]) -> None:
        with self.tools.database.transaction() as session:
            restore = restores.look(session, run.id, run.token)
            restores.part_done(session, restore, step, work.plan.name, size_bytes=work.plan.size_bytes, done=done)

    def _refuse(self, run: RunRef, work: _Work, error: DamagedObject) -> NoReturn:
        """An object of the backup is not what the manifest says: keep the finding that names it, and end the run."""
        finding = unreadable(work.restore.backup_id, error)
        with self.tools.database.transaction() as session:
            restores.look(session, run.id, run.token)
            restores.keep_findings(session, run.id, "load", [finding], self.tools.now())
        raise RunFailed(f"{finding.code.value}: {finding.message}", hint=finding.hint) from error

    def _load_records(self, work: _Work, token: int) -> dict[str, Any]:
        tally = Tally()
        choices = work.restore.plan.choices
        tables = []
        for index in work.plan.objects:
            part = work.reader.manifest.objects[index]
            record_type = BY_NAME[part.record_type]
            batches = _chosen(work.reader, part, choices, tally)
            tables.append((record_type, pa.RecordBatchReader.from_batches(record_type.schema, batches)))
        work.driver.load(work.place, work.plan.name, token, tables)
        for _, reader in tables:
            for _batch in reader:
                pass  # a part that was loaded before is counted all the same
        return tally.to_json()

    def _verify_records(self, work: _Work) -> Iterator[Finding]:
        choices = work.restore.plan.choices
        for index in work.plan.objects:
            part = work.reader.manifest.objects[index]
            record_type = BY_NAME[part.record_type]
            keys = KeyRange(first=part.first_key, last=part.last_key)
            expected = _chosen(work.reader, part, choices, Tally())
            with work.driver.read(work.place, record_type, keys) as actual:
                yield from compare(record_type, expected, actual).findings

    def _load_pack(self, work: _Work, token: int) -> dict[str, Any]:
        """The pack first, then the entries that make it visible."""
        rows = list(work.reader.attachments({work.plan.pack}))
        wanted = [row for row in rows if self._wants(work.restore, row)]
        left = [row for row in rows if not self._wants(work.restore, row)]
        if wanted:
            entries = self._whole(work, wanted) if not left else self._repacked(work, wanted, token)
            work.driver.load_attachments(work.place, work.plan.name, token, entries)
        return {
            "attachments": {"restored": len(wanted), "left_out": len(left)},
            "bytes": {"restored": sum(row.size for row in wanted), "left_out": sum(row.size for row in left)},
        }

    def _wants(self, restore: Restore, row: AttachmentRow) -> bool:
        choices = restore.plan.choices
        if row.personal and Part.PERSONAL_SPACES in choices.without:
            return False
        leaves_repeated = choices.resolutions.get(FindingCode.CONTENT_REPEATED_KEY) is Resolution.LEAVE_OUT
        return not (leaves_repeated and row.repeated)

    def _whole(self, work: _Work, rows: list[AttachmentRow]) -> list[AttachmentEntry]:
        pack = _pack(work)
        store = self.tools.open_store(work.place.shard.attachments_url)
        copy_pack(work.reader.store, pack, store, generation_pack_key(work.place.generation, pack.id))
        return [_entry(row, row) for row in rows]

    def _repacked(self, work: _Work, rows: list[AttachmentRow], token: int) -> list[AttachmentEntry]:
        """A new pack of the wanted blobs. Its name carries the token, so that no other attempt's is in the way."""
        store = self.tools.open_store(work.place.shard.attachments_url)
        pack_id = f"{work.plan.pack}.{token}"
        work_dir = self._work_dir()
        placed = repack(work.reader.store, rows, store, work.place.generation, pack_id, work_dir)
        return [_entry(row, placed[row.blob]) for row in rows]

    def _work_dir(self) -> Path:
        path = self.tools.settings.work_dir
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path

    def _verify_pack(self, work: _Work) -> Iterator[Finding]:
        """Every wanted attachment has its entry, and the bytes under it are the backup's."""
        wanted = {
            (row.record_type, row.record_key): row
            for row in work.reader.attachments({work.plan.pack})
            if self._wants(work.restore, row)
        }
        entries: dict[str, list[AttachmentEntry]] = {}
        for entry in work.driver.read_attachments(work.place):
            row = wanted.get((entry.record_type, entry.record_key))
            if row is not None and (row.blob, row.size, row.name) == (entry.blob, entry.size, entry.name):
                del wanted[entry.record_type, entry.record_key]
                entries.setdefault(entry.pack, []).append(entry)
        for missing in wanted.values():
            yield _attachment_differs(missing.name, missing.record_key, "is missing or another one")
        store = self.tools.open_store(work.place.shard.attachments_url)
        for pack, inside in sorted(entries.items()):
            for problem in verify_pack(store, generation_pack_key(work.place.generation, pack), inside):
                yield _attachment_differs(problem.name, problem.record_key, problem.message)

    def _totals(self, driver: Driver, place: Place, loaded: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
        """No row more than the parts have loaded: between the key ranges nothing was compared."""
        expected: Counter[str] = Counter()
        attachments = 0
        for done in loaded.values():
            expected.update(done.get("restored", {}))
            attachments += done.get("attachments", {}).get("restored", 0)
        inspection = driver.inspect(place)
        for record_type in RECORD_TYPES[place.app_type]:
            found = inspection.records.get(record_type.name, 0)
            if found != expected[record_type.name]:
                yield _total_differs(record_type.name, expected[record_type.name], found)
        if inspection.attachments != attachments:
            yield _total_differs("attachments", attachments, inspection.attachments)

    def _references(self, driver: Driver, place: Place) -> Iterator[Finding]:
        """What dangles now must have dangled in the backup: choices and loading break nothing."""
        for broken in driver.broken_references(place):
            yield Finding(
                code=FindingCode.VERIFY_REFERENCE,
                severity=Severity.ERROR,
                subject=f"{broken.record_type}.{broken.column}",
                message=f"{broken.count} loaded {BY_NAME[broken.record_type].title} refer to something that was not "
                "loaded. Nothing was published.",
                hint="Restore again; if it fails again, tell support.",
                count=broken.count,
                examples=broken.examples,
            )

    def _unmapped(self, restore: Restore) -> Iterator[Finding]:
        """Persons that content names and nobody was restored for."""
        if Part.USERS_AND_GROUPS in restore.request.without:
            return
        with self.tools.database.transaction() as session:
            backup = backups.get(session, restore.backup_id)
        for fact in open_backup(self.tools, backup).manifest.facts:
            if fact.code == FindingCode.USER_UNKNOWN_AUTHOR.value:
                yield Finding(
                    code=FindingCode.VERIFY_USER_UNMAPPED,
                    severity=Severity.WARNING,
                    subject="",
                    message=f"{fact.count} persons whom content names were restored as their key only.",
                    hint="Nothing has to be done; their users were not in the backup.",
                    count=fact.count,
                    examples=fact.examples,
                )


def _pack(work: _Work) -> PackObject:
    return next(pack for pack in work.reader.manifest.packs if pack.id == work.plan.pack)


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


def _unchecked(parts: list[str]) -> Finding:
    return Finding(
        code=FindingCode.CHECK_NOT_POSSIBLE,
        severity=Severity.ERROR,
        subject="",
        message=f"{len(parts)} parts were not compared. Nothing was published.",
        hint="Resume the restore, or start it again.",
        count=len(parts),
        examples=tuple(parts[:5]),
    )


def _attachment_differs(name: str, key: str, what: str) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_ATTACHMENT_DIFFERS,
        severity=Severity.ERROR,
        subject=key,
        message=f"The loaded attachment {name} {what}. Nothing was published.",
        hint="Restore again; if it fails again, check the backup: restorebot backup check --depth hashes.",
        examples=(name,),
    )


def _total_differs(what: str, expected: int, found: int) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_RECORDS_ADDED if found > expected else FindingCode.VERIFY_RECORDS_MISSING,
        severity=Severity.ERROR,
        subject=what,
        message=f"{expected} were loaded and {found} are there. Nothing was published.",
        hint="Restore again; if it fails again, tell support.",
        count=abs(found - expected),
    )


def _chosen(reader: ArchiveReader, part: RecordObject, choices: Choices, tally: Tally) -> Iterator[pa.RecordBatch]:
    """A part's rows after the plan's choices, row group by row group."""
    record_type = BY_NAME[part.record_type]
    for batch in reader.batches(part):
        applied = apply(record_type, batch, choices)
        tally.restored[record_type.name] += applied.batch.num_rows
        tally.left_out[record_type.name] += applied.left_out
        tally.changed.update({code.value: count for code, count in applied.changed.items()})
        if applied.batch.num_rows:
            yield applied.batch
