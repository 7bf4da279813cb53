"""Loading and comparing one part: read where the app is, written and read back where it goes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from core.apps.driver import ATTACHMENT_ENTRIES, Driver, Place, entries_of
from core.archive.attachments import matched
from core.archive.layout import generation_pack_key
from core.archive.verify import verify_pack
from core.catalog import apps, generations
from core.content.catalogue import BY_NAME
from core.errors import ObjectExists, ObjectNotFound, RestorebotError, RunFailed
from core.findings import Finding
from core.moves.findings import WORDS, attachment_damaged, attachment_differs
from core.moves.moves import RUNS, Move
from core.moves.plan import MovePart, RecordSlice
from core.restore.assess import Tools
from core.restore.compare import compare
from core.storage.store import Store
from core.workflow.runs import RunRef


@dataclass(frozen=True, kw_only=True)
class Work:
    """One part of one move."""

    move: Move
    part: MovePart
    driver: Driver
    live: Place
    staged: Place


@dataclass(frozen=True, kw_only=True)
class PartSteps:
    tools: Tools

    def load(self, run: RunRef, name: str) -> None:
        """One transaction on the shard. A part that is loaded already is not loaded again."""
        work = self._work(run, name)
        token = work.driver.claim(work.staged, name)
        if work.part.pack:
            self._load_pack(run, work, token)
        else:
            tables = [(BY_NAME[one.record_type], _rows(work.driver, work.live, one)) for one in work.part.slices]
            work.driver.load(work.staged, name, token, tables)
        self._done(run, work, "load", {})

    def compare(self, run: RunRef, name: str) -> None:
        """Findings are kept with the part."""
        work = self._work(run, name)
        findings = list(self._compare_pack(work) if work.part.pack else _compare_records(work))
        self._done(run, work, "compare", {"findings": [one.to_json() for one in findings]})

    def _load_pack(self, run: RunRef, work: Work, token: int) -> None:
        """The pack first, then the entries that make it visible."""
        if work.part.name in work.driver.loaded_parts(work.staged):
            return
        entries = _entries(work, work.live)
        target = self.tools.open_store(work.staged.shard.attachments_url)
        source, key = self._source(work)
        try:
            with suppress(ObjectExists):  # copied whole by an attempt before this one; its bytes are compared later
                target.copy_from(source, key, generation_pack_key(work.staged.generation, work.part.pack))
        except ObjectNotFound as error:
            self._refuse(run, self._damaged(work, entries), error)
        work.driver.load_attachments(work.staged, work.part.name, token, entries)

    def _compare_pack(self, work: Work) -> Iterator[Finding]:
        """Every attachment has its entry, and the bytes under it are its own."""
        there, missing = matched(_entries(work, work.live), _entries(work, work.staged), ATTACHMENT_ENTRIES.names)
        for entry in entries_of(missing.to_batches()):
            yield attachment_differs(entry.name, entry.record_key, f"{entry.name} is missing or another one.")
        target = self.tools.open_store(work.staged.shard.attachments_url)
        key = generation_pack_key(work.staged.generation, work.part.pack)
        problems = {one.record_key: one for one in verify_pack(target, key, there)}
        bad = pc.is_in(there.column("record_key"), pa.array(problems, pa.string()))
        damaged = self._damaged(work, there.filter(bad))
        yield from damaged
        for one in problems.keys() - {each.subject for each in damaged}:
            yield attachment_differs(problems[one].name, one, problems[one].message)

    def _damaged(self, work: Work, entries: pa.Table) -> list[Finding]:
        """Which of these attachments are bad where the app is now."""
        if not entries.num_rows:
            return []
        return [
            attachment_damaged(one.name, one.record_key, one.message, shard=work.live.shard.name)
            for one in verify_pack(*self._source(work), entries)
        ]

    def _source(self, work: Work) -> tuple[Store, str]:
        store = self.tools.open_store(work.live.shard.attachments_url)
        return store, generation_pack_key(work.live.generation, work.part.pack)

    def _refuse(self, run: RunRef, findings: Sequence[Finding], error: RestorebotError) -> NoReturn:
        """Something of the app itself is gone: keep the findings that name it, and end the run."""
        if not findings:
            raise error
        with self.tools.database.transaction() as session:
            RUNS.look(session, run.id, run.token, lock=True)
            RUNS.keep_findings(session, run.id, "load", findings, self.tools.now())
        raise RunFailed(f"{findings[0].code.value}: {findings[0].message}", hint=findings[0].hint) from error

    def _work(self, run: RunRef, name: str) -> Work:
        with self.tools.database.reading() as session:
            move = RUNS.look(session, run.id, run.token)
            app = apps.get(session, move.app_id)
            live, staged = apps.place(session, app), generations.place(session, move.generation or "")
        assert move.plan is not None  # noqa: S101 - what is divided has a plan
        part = next(one for one in move.plan.parts if one.name == name)
        return Work(move=move, part=part, driver=self.tools.drivers[app.driver], live=live, staged=staged)

    def _done(self, run: RunRef, work: Work, step: str, done: Mapping[str, Any]) -> None:
        with self.tools.database.transaction() as session:
            move = RUNS.look(session, run.id, run.token, lock=True)
            RUNS.part_done(session, move, step, work.part.name, size_bytes=work.part.size_bytes, done=done)


def _rows(driver: Driver, place: Place, one: RecordSlice) -> pa.RecordBatchReader:
    """Opened when the first row is asked for: a part may have slices of all types."""
    record_type = BY_NAME[one.record_type]

    def batches() -> Iterator[pa.RecordBatch]:
        with driver.read(place, record_type, one.keys) as reader:
            yield from reader

    return pa.RecordBatchReader.from_batches(record_type.schema, batches())


def _compare_records(work: Work) -> Iterator[Finding]:
    for one in work.part.slices:
        record_type = BY_NAME[one.record_type]
        with (
            work.driver.read(work.live, record_type, one.keys) as expected,
            work.driver.read(work.staged, record_type, one.keys) as actual,
        ):
            yield from compare(record_type, expected, actual, WORDS).findings


def _entries(work: Work, place: Place) -> pa.Table:
    """Of the part's pack, without those in packs made of it."""
    with work.driver.read_attachments(place, packs=[work.part.pack]) as reader:
        entries = reader.read_all()
    return entries.filter(pc.equal(entries.column("pack"), work.part.pack))
