from datetime import timedelta

import pytest

from core.catalog import backups, holds
from core.catalog.tables import BackupRow, BackupStatus
from core.errors import Cancelled, Fenced, Held, NotFound, UsageError, WrongState
from core.events import log
from core.events.kinds import StreamKind
from tests.core.catalog.world import DAY, NOW, World, fortnight, seal


def events(catalog: World, backup_id: str) -> list[str]:
    with catalog.transaction() as session:
        return [event.kind.value for event in log.read(session, stream=(StreamKind.BACKUP, backup_id))]


def test_a_backup_from_submission_to_seal(catalog: World) -> None:
    with catalog.transaction() as session:
        made = catalog.add_running(session)
        assert (made.status, made.attempt, made.token) == (BackupStatus.RUNNING, 1, 1)
        assert (made.shard, made.region) == ("eu-1", "eu")
        assert [hold.run_id for hold in holds.holds_on(session, holds.on_app(catalog.app))] == [made.id]
        for _ in range(2):
            backups.set_step(session, made.id, 1, "write", NOW)
        backups.set_progress(session, made.id, 1, done=3, total=9)
        running = backups.get(session, made.id)
        assert (running.step, running.progress_done, running.progress_total) == ("write", 3, 9)
        assert backups.running(session) == [running]
        sealed = seal(session, running)
        assert (sealed.status, sealed.size_bytes, sealed.manifest_digest) == (BackupStatus.COMPLETE, 10, "d1")
        assert sealed.expires_at == fortnight(NOW, None, None)  # type: ignore[arg-type]
        assert holds.holds_on(session, holds.on_app(catalog.app)) == []
        assert backups.running(session) == []
    assert events(catalog, made.id) == ["submitted", "started", "step", "completed"]


def test_a_repeated_seal_is_a_success_and_another_ones_is_not(catalog: World) -> None:
    with catalog.transaction() as session:
        made = catalog.add_running(session)
        sealed = seal(session, made, complete=False)
        assert sealed.status is BackupStatus.INCOMPLETE
        assert seal(session, made, now=NOW + DAY) == sealed
        with pytest.raises(Fenced):
            seal(session, made, manifest_digest="another")
        assert backups.get(session, made.id) == sealed
    assert events(catalog, made.id).count("completed") == 1


def test_one_attempt_is_won_by_one(catalog: World) -> None:
    with catalog.transaction() as session:
        made = catalog.add_running(session)
        assert backups.begin_attempt(session, made.id, 0, NOW) is None
        second = backups.begin_attempt(session, made.id, 1, NOW + DAY)
        assert second is not None
        assert (second.attempt, second.token, second.started_at) == (2, 2, NOW)


def test_who_was_taken_over_writes_nothing(catalog: World) -> None:
    with catalog.transaction() as session:
        made = catalog.add_running(session)
        assert backups.takeover(session, made.id) == 2
        with pytest.raises(Fenced):
            backups.set_step(session, made.id, 1, "write", NOW)
        with pytest.raises(Fenced):
            backups.set_progress(session, made.id, 1, done=1, total=1)
        with pytest.raises(Fenced):
            seal(session, made)
        with pytest.raises(Fenced):
            backups.fail(session, made.id, 1, {"code": "x"}, NOW)
        after = backups.get(session, made.id)
        assert (after.step, after.progress_done, after.status) == ("", 0, BackupStatus.RUNNING)
        with pytest.raises(NotFound):
            backups.takeover(session, "bkp-none")
    assert events(catalog, made.id) == ["submitted", "started"]


def test_a_failure_frees_the_app(catalog: World) -> None:
    with catalog.transaction() as session:
        made = catalog.add_running(session)
        for _ in range(2):
            backups.fail(session, made.id, 1, {"code": "storage.disk-full"}, NOW)
        assert backups.get(session, made.id).error == {"code": "storage.disk-full"}
        assert backups.begin_attempt(session, made.id, 1, NOW) is None
        catalog.add_running(session)
    assert events(catalog, made.id) == ["submitted", "started", "failed"]


def test_cancel_and_seal_exclude_each_other(catalog: World) -> None:
    with catalog.transaction() as session:
        cancelled = catalog.add_running(session)
        for _ in range(2):
            backups.cancel(session, cancelled.id, person="per-1", now=NOW)
        with pytest.raises(Cancelled):
            seal(session, cancelled)
        assert backups.get(session, cancelled.id).status is BackupStatus.CANCELLED
        sealed = catalog.add_sealed(session)
        with pytest.raises(WrongState, match="is complete and cannot be cancelled"):
            backups.cancel(session, sealed.id, person="per-1", now=NOW)
    assert events(catalog, cancelled.id) == ["submitted", "started", "cancelled"]


def test_an_app_is_backed_up_by_one_run_at_a_time_and_never_from_the_future(catalog: World) -> None:
    with catalog.transaction() as session:
        with pytest.raises(UsageError, match="in the future"):
            catalog.add_running(session, taken_at=NOW + timedelta(seconds=1))
        made = catalog.add_running(session)
        with pytest.raises(Held, match=made.id) as refused:
            catalog.add_running(session)
        assert f"restorebot backup show {made.id}" in refused.value.hint
        assert len(backups.list_all(session)) == 1


def test_a_backup_is_expired_from_its_very_moment_but_not_for_the_run_that_holds_it(catalog: World) -> None:
    with catalog.transaction() as session:
        sealed = catalog.add_sealed(session)
    end = NOW + 14 * DAY
    assert backups.effective_status(sealed, end - timedelta(microseconds=1)) is BackupStatus.COMPLETE
    assert backups.effective_status(sealed, end) is BackupStatus.EXPIRED
    assert backups.effective_status(sealed, end, held=True) is BackupStatus.COMPLETE


def test_lists_are_newest_first_and_restorable_ones_only_when_asked(catalog: World) -> None:
    with catalog.transaction() as session:
        old = catalog.add_sealed(session, taken_at=NOW - 10 * DAY)
        new = catalog.add_sealed(session, taken_at=NOW - DAY)
        marked = catalog.add_sealed(session, taken_at=NOW - 2 * DAY)
        session.get_one(BackupRow, marked.id).marked_at = NOW
        running = catalog.add_running(session)
        assert [found.id for found in backups.list_all(session)] == [running.id, new.id, marked.id, old.id]
        assert [found.id for found in backups.list_all(session, restorable_at=NOW)] == [new.id, old.id]
        assert [found.id for found in backups.list_all(session, restorable_at=NOW + 5 * DAY)] == [new.id]
        assert backups.list_all(session, app_id="app-none") == []
