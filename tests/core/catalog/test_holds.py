from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from core.catalog import backups, holds
from core.catalog.tables import BackupRow, HoldReason, HoldRow
from core.errors import BackupMarked, CatalogConflict, Held, NotFound
from tests.core.catalog.world import NOW, World


def test_of_two_at_once_exactly_one_gets_the_app(catalog: World) -> None:
    barrier = Barrier(4)
    subject = holds.on_app(catalog.app)

    def take(number: int) -> str:
        barrier.wait()
        try:
            with catalog.transaction() as session:
                holds.take_exclusive(session, subject, f"rst-{number}", HoldReason.RESTORE, NOW)
        except Held as refused:
            return refused.message
        return "won"

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(take, range(4)))
    with catalog.transaction() as session:
        (hold,) = holds.holds_on(session, subject)
    assert told.count("won") == 1
    assert all(hold.run_id in sentence for sentence in told if sentence != "won")


def test_who_holds_it_and_why_and_what_to_do_is_told(catalog: World) -> None:
    with catalog.transaction() as session:
        for reason in HoldReason:
            holds.take_exclusive(session, holds.on_app(catalog.app), "run-1", reason, NOW)
            with pytest.raises(Held) as refused:
                holds.take_exclusive(session, holds.on_app(catalog.app), "run-2", HoldReason.BACKUP, NOW)
            holds.release(session, "run-1", holds.on_app(catalog.app))
            assert f"The app Jira ({catalog.app}) is held by" in refused.value.message
            assert f"{reason.value} run-1" in refused.value.message or reason is HoldReason.CLEAR
            assert "2026-11-23 12:00 UTC. Nothing was changed." in refused.value.message
            assert refused.value.hint


def test_a_run_keeps_what_it_has_when_it_takes_it_again(catalog: World) -> None:
    with catalog.transaction() as session:
        backup = catalog.add_sealed(session)
        for _ in range(2):
            holds.take_exclusive(session, holds.on_app(catalog.app), "rst-1", HoldReason.RESTORE, NOW)
            holds.take_shared(session, holds.on_backup(backup.id), "rst-1", HoldReason.RESTORE, NOW)
        holds.take_shared(session, holds.on_backup(backup.id), "rst-2", HoldReason.RESTORE, NOW)
        assert [hold.run_id for hold in holds.holds_on(session, holds.on_backup(backup.id))] == ["rst-1", "rst-2"]
        for _ in range(2):
            holds.release(session, "rst-1")
        assert holds.holds_on(session, holds.on_app(catalog.app)) == []
        assert [hold.run_id for hold in holds.holds_on(session, holds.on_backup(backup.id))] == ["rst-2"]


def test_a_backup_marked_for_deletion_is_not_held_any_more(catalog: World) -> None:
    with catalog.transaction() as session:
        backup = catalog.add_sealed(session)
        session.get_one(BackupRow, backup.id).marked_at = NOW
    with catalog.transaction() as session:
        with pytest.raises(BackupMarked, match=backup.id):
            holds.take_shared(session, holds.on_backup(backup.id), "rst-1", HoldReason.RESTORE, NOW)
        assert holds.holds_on(session, holds.on_backup(backup.id)) == []


def test_a_subject_is_there_and_of_the_right_kind(catalog: World) -> None:
    with catalog.transaction() as session:
        with pytest.raises(NotFound):
            holds.take_exclusive(session, holds.on_app("app-none"), "rst-1", HoldReason.RESTORE, NOW)
        with pytest.raises(NotFound):
            holds.take_shared(session, holds.on_backup("bkp-none"), "rst-1", HoldReason.RESTORE, NOW)
        with pytest.raises(ValueError, match="only a backup"):
            holds.take_shared(session, holds.on_app(catalog.app), "rst-1", HoldReason.RESTORE, NOW)


def test_the_index_has_the_last_word_over_a_writer_that_looked_too_early(
    catalog: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It saw no hold, as can be where somebody did not lock the row, and is told the truth all the same."""
    subject = holds.on_app(catalog.app)
    looks = iter([[], holds.holds_on])

    def look(session: Session, subject: str) -> object:
        found = next(looks)
        return found if isinstance(found, list) else found(session, subject)

    with catalog.transaction() as session:
        holds.take_exclusive(session, subject, "rst-other", HoldReason.MOVE, NOW)
        monkeypatch.setattr(holds, "holds_on", look)
        with pytest.raises(Held, match="the move rst-other"):
            holds.take_exclusive(session, subject, "rst-mine", HoldReason.RESTORE, NOW)
    monkeypatch.undo()
    with catalog.transaction() as session:
        assert [hold.run_id for hold in holds.holds_on(session, subject)] == ["rst-other"]


def test_a_second_exclusive_row_cannot_be_written(catalog: World) -> None:
    def row(run_id: str) -> HoldRow:
        return HoldRow(subject="app:x", run_id=run_id, reason="restore", exclusive=True, created_at=NOW)

    with catalog.transaction() as session:
        session.add(row("rst-1"))
    with pytest.raises(CatalogConflict, match=r"uq_hold_exclusive|hold\.subject"), catalog.transaction() as session:
        session.add(row("rst-2"))


def test_a_backup_that_begins_is_a_hold_too(catalog: World) -> None:
    with catalog.transaction() as session:
        holds.take_exclusive(session, holds.on_app(catalog.app), "rst-1", HoldReason.RESTORE, NOW)
        with pytest.raises(Held, match="the restore rst-1"):
            catalog.add_running(session)
        assert backups.list_all(session) == []
