"""What every store guarantees: see core/storage/store.py."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NoReturn

import pytest

from core.errors import (
    DiskFull,
    ObjectExists,
    ObjectNotFound,
    StorageReadOnly,
    StorageUnreachable,
    UsageError,
)
from core.storage.local import LocalStore
from core.storage.location import open_store
from core.storage.store import Store

MakeStore = Callable[[str], Store]


@pytest.fixture(params=["local", "s3"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> MakeStore:
    if request.param == "s3":
        s3_url: Callable[[str], str] = request.getfixturevalue("s3_url")
        return lambda name: open_store(s3_url(name))
    return lambda name: open_store((tmp_path / name).as_uri(), create=True)


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store("store")


def keys(store: Store, prefix: str = "") -> list[str]:
    return [one.key for one in store.list(prefix)]


def work_file(folder: Path, data: bytes) -> Path:
    path = folder / "work"
    path.write_bytes(data)
    return path


def test_what_was_put_is_read(store: Store, tmp_path: Path) -> None:
    store.put("a/b.bin", b"one")
    store.put_file("a/c", work_file(tmp_path, b"two"))
    store.put("empty", b"")
    assert (store.get("a/b.bin"), store.get("a/c"), store.get("empty")) == (b"one", b"two", b"")
    assert store.stat("a/b.bin").size == 3
    assert store.stat("a/b.bin").modified.tzinfo is not None
    with store.open("a/b.bin") as stream:
        stream.seek(1)
        assert stream.read(1) == b"n"
        assert stream.read() == b"e"


def test_a_taken_key_is_never_overwritten(store: Store, make_store: MakeStore, tmp_path: Path) -> None:
    store.put("a/b", b"first")
    other = make_store("other")
    other.put("x", b"second")
    for attempt in (
        lambda: store.put("a/b", b"second"),
        lambda: store.put_file("a/b", work_file(tmp_path, b"second")),
        lambda: store.copy_from(other, "x", "a/b"),
    ):
        with pytest.raises(ObjectExists):
            attempt()
    assert store.get("a/b") == b"first"
    assert keys(store) == ["a/b"]


def test_one_of_many_racing_writers_wins(store: Store) -> None:
    for turn in range(10):
        barrier = threading.Barrier(4)
        won: list[bytes] = []

        def write(data: bytes, key: str = f"race/{turn}/x", barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            try:
                store.put(key, data)
            except ObjectExists:
                return
            won.append(data)  # noqa: B023 - the threads end in this turn

        threads = [threading.Thread(target=write, args=(bytes([number]) * 50_000,)) for number in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert won == [store.get(f"race/{turn}/x")]


def test_writing_beside_deleting_in_the_same_folder(store: Store) -> None:
    """A delete that empties a folder does not take it away from a put."""
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(100):
                store.put(f"a/b/{name}", b"x")
                store.delete(f"a/b/{name}")
        except BaseException as error:  # noqa: BLE001 - asserted below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []


def test_listing_is_sorted_by_key_and_bounded_by_the_prefix(store: Store) -> None:
    names = ["a-b", "a.b/c", "a/b", "a/b-c/d", "a/b.x", "a/c/1", "a0", "b/a"]
    for name in names:
        store.put(name, name.encode())
    for prefix in ("", "a", "a/", "a/b", "a/b-", "a/c/", "a/c/1", "b", "c", "a/b/c/d"):
        assert keys(store, prefix) == [name for name in sorted(names) if name.startswith(prefix)], prefix
    assert [one.size for one in store.list("a/b-")] == [len("a/b-c/d")]


def test_deleting_twice_is_no_error(store: Store) -> None:
    store.put("a/b", b"x")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/was")
    assert keys(store) == []
    store.put("a/b", b"y")
    store.delete("a")
    assert keys(store) == ["a/b"]


def test_a_missing_object_is_told(store: Store, make_store: MakeStore) -> None:
    store.put("a/b", b"x")
    for key in ("nothing", "a", "a/b/c", "x/y"):
        for read in (store.get, store.open, store.stat):
            with pytest.raises(ObjectNotFound, match="not there"):
                read(key)
        with pytest.raises(ObjectNotFound):
            make_store("other").copy_from(store, key, "copy")
    assert keys(make_store("other")) == []


def test_copies_share_no_bytes(store: Store, make_store: MakeStore) -> None:
    data = os.urandom(9 * 1024 * 1024)
    source = make_store("source")
    source.put("x", data)
    store.copy_from(source, "x", "copy/x")
    source.delete("x")
    assert store.get("copy/x") == data


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/.", "a b", "ü", "a\\b", "a~", "a\n"])
def test_a_bad_key_is_refused(store: Store, tmp_path: Path, key: str) -> None:
    for use in (
        lambda: store.put(key, b"x"),
        lambda: store.get(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
    ):
        with pytest.raises(ValueError, match="storage key"):
            use()
    with pytest.raises(ValueError, match="storage key"):
        store.put_file(key, work_file(tmp_path, b""))


def test_keys_may_hold_all_allowed_characters(store: Store) -> None:
    store.put("AZaz09._@=-/..a/r-1@2=3.parquet", b"x")
    assert keys(store) == ["AZaz09._@=-/..a/r-1@2=3.parquet"]


def test_free_bytes(store: Store) -> None:
    free = store.free_bytes()
    assert free is None or free > 0


class TestLocal:
    """What only a folder can show."""

    @pytest.fixture
    def local(self, tmp_path: Path) -> LocalStore:
        store = LocalStore(tmp_path / "store")
        store.create_root()
        return store

    def test_modes(self, local: LocalStore, tmp_path: Path) -> None:
        local.put("a/b/c", b"x")
        moved = work_file(tmp_path, b"y")
        moved.chmod(0o666)
        local.put_file("a/b/d", moved)
        assert not moved.exists()
        for path in local.root.rglob("*"):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path

    def test_no_key_lies_under_another(self, local: LocalStore) -> None:
        """An object lies where a folder would have to be, or the other way round."""
        local.put("a/b", b"first")
        for key in ("a/b/c", "a"):
            with pytest.raises(ObjectExists):
                local.put(key, b"second")
        assert keys(local) == ["a/b"]

    def test_a_file_with_another_name_is_copied(self, local: LocalStore, tmp_path: Path) -> None:
        shared = work_file(tmp_path, b"mine")
        (tmp_path / "second").hardlink_to(shared)
        local.put_file("a", shared)
        (tmp_path / "second").write_bytes(b"changed")
        assert local.get("a") == b"mine"

    def test_a_copy_that_the_system_breaks_off_goes_on(
        self, local: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As where it copies only to sockets, or fails once."""
        source, data = LocalStore(tmp_path / "source"), os.urandom(9 * 1024 * 1024)
        source.create_root()
        source.put("x", data)
        left, real = [1000], os.sendfile

        def once(out: int, given: int, offset: None, count: int) -> int:
            if not left:
                raise OSError(errno.ENOTSOCK, "no socket")
            return real(out, given, offset, left.pop())

        monkeypatch.setattr("core.storage.local.os.sendfile", once)
        local.copy_from(source, "x", "copy")
        assert not left
        assert local.get("copy") == data

    def test_what_a_crash_leaves_is_never_listed_and_goes(self, local: LocalStore) -> None:
        local.put("a", b"x")
        leftovers = local.root / ".incoming~"
        fresh, old = leftovers / "fresh", leftovers / "old"
        fresh.write_bytes(b"half")
        old.write_bytes(b"half")
        os.utime(old, (1, 1))
        again = LocalStore(local.root)
        assert keys(again) == ["a"]
        again.put("b", b"y")
        assert keys(again) == ["a", "b"]
        assert [one.name for one in leftovers.iterdir()] == [fresh.name]

    @pytest.mark.parametrize("call", ["fsync", "link"])
    def test_a_write_that_stops_leaves_nothing(
        self, local: LocalStore, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        def stop(*args: object) -> NoReturn:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(f"core.storage.local.os.{call}", stop)
            with pytest.raises(KeyboardInterrupt):
                local.put("a/b", b"x")
        assert keys(local) == []
        local.put("a/b", b"x")

    def test_object_then_folders_are_synced_before_put_returns(
        self, local: LocalStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        synced: list[str] = []
        real = os.fsync

        def note(descriptor: int) -> None:
            synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().relative_to(local.root).as_posix())
            real(descriptor)

        monkeypatch.setattr("core.storage.local.os.fsync", note)
        local.put("a/b/c", b"x")
        assert synced[0].startswith(".incoming~/")
        assert synced[1:] == [".", "a", "a/b"]

    @pytest.mark.parametrize(
        ("number", "error"),
        [
            (errno.ENOSPC, DiskFull),
            (errno.EDQUOT, DiskFull),
            (errno.EROFS, StorageReadOnly),
            (errno.EACCES, StorageReadOnly),
            (errno.EPERM, StorageReadOnly),
            (errno.EIO, StorageUnreachable),
            (errno.ESTALE, StorageUnreachable),
        ],
    )
    def test_errors_are_told_apart(
        self, local: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
    ) -> None:
        def fail(*args: object) -> NoReturn:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr("core.storage.local.os.link", fail)
            with pytest.raises(error, match=r"not (changed|written)") as caught:
                local.put("a/b", b"x")
        assert getattr(caught.value, "hint", "")
        assert keys(local) == []

    @pytest.mark.parametrize("use", ["put", "get", "list", "delete", "free"])
    def test_a_root_that_is_gone_is_no_empty_store(self, local: LocalStore, use: str) -> None:
        local.root.rename(local.root.with_name("unmounted"))
        calls: dict[str, Callable[[], object]] = {
            "put": lambda: local.put("a", b"x"),
            "get": lambda: local.get("a"),
            "list": lambda: keys(local),
            "delete": lambda: local.delete("a"),
            "free": local.free_bytes,
        }
        with pytest.raises(StorageUnreachable, match="folder is not there") as caught:
            calls[use]()
        assert caught.value.transient
        assert not local.root.exists()

    def test_a_read_error_while_streaming_is_the_stores(self, local: LocalStore) -> None:
        local.put("a", b"x" * 100)
        stream: BinaryIO = local.open("a")
        os.close(stream.fileno())
        with pytest.raises(StorageUnreachable):
            stream.read(10)
        raw = stream.detach()  # type: ignore[attr-defined]
        with pytest.raises(OSError, match="descriptor"):
            raw.close()

    def test_links_are_not_objects(self, local: LocalStore, tmp_path: Path) -> None:
        (local.root / "link").symlink_to(work_file(tmp_path, b"outside"))
        assert keys(local) == []
        with pytest.raises(ObjectNotFound):
            local.get("link")
        with pytest.raises(ObjectNotFound):
            local.stat("link")


class TestLocation:
    def test_a_folder_with_odd_characters(self, tmp_path: Path) -> None:
        url = (tmp_path / "ä b#c?d%20").as_uri()
        store = open_store(url, create=True)
        assert store.url == url
        store.put("a", b"x")
        assert (tmp_path / "ä b#c?d%20" / "a").read_bytes() == b"x"

    def test_opening_makes_nothing(self, tmp_path: Path) -> None:
        open_store((tmp_path / "new").as_uri())
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize(
        "url", ["s3://bucket", "s3:///prefix", "folder", "/folder", "file://host/x", "file:x", "http://x/y"]
    )
    def test_other_urls_are_refused(self, url: str) -> None:
        with pytest.raises(UsageError, match="nothing was changed") as caught:
            open_store(url)
        assert caught.value.hint
