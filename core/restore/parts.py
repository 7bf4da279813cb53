"""Loading and comparing one part: records from Parquet to the driver and back again. Packs are in packs.py."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa

from core.apps.driver import KeyRange
from core.archive.manifest import RecordObject
from core.archive.reader import ArchiveReader
from core.catalog import apps, backups, generations
from core.content.catalogue import BY_NAME
from core.errors import BadSignature, DamagedObject, RestorebotError, RunFailed, UnknownFormat
from core.findings import Finding
from core.restore.assess import Tools, open_backup, unreadable
from core.restore.choices import Choices, apply
from core.restore.compare import compare
from core.restore.packs import compare_packs, load_packs
from core.restore.restores import RUNS
from core.restore.work import Tally, Work
from core.workflow.runs import RunRef

#: A manifest that changed after the backup was checked.
UNREADABLE = (BadSignature, DamagedObject, UnknownFormat)


@dataclass(frozen=True, kw_only=True)
class PartSteps:
    tools: Tools

    def load(self, run: RunRef, name: str) -> None:
        """One transaction on the shard. A part that is loaded already is only counted again."""
        work = self._work(run, name)
        token = work.driver.claim(work.place, name)
        try:
            done = load_packs(self.tools, work, token) if work.plan.packs else _load_records(work, token)
        except DamagedObject as error:
            self._refuse(run, work.restore.backup_id, error)
        self._done(run, work, "load", done)

    def compare(self, run: RunRef, name: str) -> None:
        """Read the part back and compare it with the backup. Findings are kept with the part."""
        work = self._work(run, name)
        try:
            findings = list(compare_packs(self.tools, work) if work.plan.packs else _compare_records(work))
        except DamagedObject as error:
            self._refuse(run, work.restore.backup_id, error)
        self._done(run, work, "compare", {"findings": [one.to_json() for one in findings]})

    def _work(self, run: RunRef, name: str) -> Work:
        with self.tools.database.reading() as session:
            restore = RUNS.look(session, run.id, run.token)
            backup = backups.get(session, restore.backup_id)
            driver = self.tools.drivers[apps.get(session, restore.app_id).driver]
            place = generations.place(session, restore.generation or "")
        plan = next(part for part in restore.plan.parts if part.name == name)
        try:
            reader = open_backup(self.tools, backup)
        except UNREADABLE as error:
            self._refuse(run, backup.id, error)
        return Work(restore=restore, plan=plan, reader=reader, driver=driver, place=place)

    def _done(self, run: RunRef, work: Work, step: str, done: Mapping[str, Any]) -> None:
        with self.tools.database.transaction() as session:
            restore = RUNS.look(session, run.id, run.token, lock=True)
            RUNS.part_done(session, restore, step, work.plan.name, size_bytes=work.plan.size_bytes, done=done)

    def _refuse(self, run: RunRef, backup_id: str, error: RestorebotError) -> NoReturn:
        """An object of the backup is not what the manifest says: keep the finding that names it, and end the run."""
        finding = unreadable(backup_id, error)
        with self.tools.database.transaction() as session:
            RUNS.look(session, run.id, run.token, lock=True)
            RUNS.keep_findings(session, run.id, "load", [finding], self.tools.now())
        raise RunFailed(f"{finding.code.value}: {finding.message}", hint=finding.hint) from error


def _load_records(work: Work, token: int) -> dict[str, Any]:
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


def _compare_records(work: Work) -> Iterator[Finding]:
    choices = work.restore.plan.choices
    for index in work.plan.objects:
        part = work.reader.manifest.objects[index]
        record_type = BY_NAME[part.record_type]
        keys = KeyRange(first=part.first_key, last=part.last_key)
        expected = _chosen(work.reader, part, choices, Tally())
        with work.driver.read(work.place, record_type, keys) as actual:
            yield from compare(record_type, expected, actual).findings


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
