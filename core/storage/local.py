"""Objects as files in a folder."""

import errno
import io
import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from core.errors import (
    DiskFull,
    ObjectExists,
    ObjectNotFound,
    StorageError,
    StorageReadOnly,
    StorageUnreachable,
)
from core.storage.store import KEY_PART, ObjectInfo, Store, key_parts

_CHUNK: Final = 4 * 1024 * 1024
#: Where objects are written before they are published. `~` is in no key, so nothing in it is ever listed or read.
_INCOMING: Final = ".incoming~"
#: Seconds after which a file in it belongs to nobody: its writer touches it with every chunk.
_ABANDONED: Final = 24 * 3600


class LocalStore:
    """Every object is a file of mode 0600 under `root`; folders have mode 0700.

    An object is written and synced elsewhere under the root and then published by a hard link, which fails when the
    name is taken: that is what makes creation atomic and create-only among processes. The folder that holds the new
    name, and every folder made for it, is synced too. `root` itself must exist: a missing one is taken for a disk that
    is not mounted (StorageUnreachable), never for an empty store.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.url = self.root.as_uri()
        self._swept = False
        self._synced: set[Path] = set()  # folders whose names are known to be on the disk
        self._lock = threading.Lock()

    def create_root(self) -> None:
        """Make the root folder if it is not there."""
        with self._errors("", writing=True):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync_folder(self.root.parent)

    def put(self, key: str, data: bytes) -> None:
        def write(file: BinaryIO) -> None:
            file.write(data)

        self._create(key, write)

    def put_file(self, key: str, path: Path) -> None:
        final = self._new(key)
        # A file that has another name, or is a link, would share its bytes with something outside the store.
        facts = path.lstat()
        if stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1 and facts.st_uid == os.geteuid():
            with self._errors(key, writing=True), suppress(_OtherFileSystem):
                self._publish_file(path, final)
                path.unlink()
                return

        def write(file: BinaryIO) -> None:
            with path.open("rb") as source:
                shutil.copyfileobj(source, file, _CHUNK)

        self._create(key, write)
        path.unlink()

    def get(self, key: str) -> bytes:
        with self.open(key) as stream:
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        path = self._path(key)
        with self._errors(key, writing=False):
            return io.BufferedReader(_ObjectFile(path, lambda error: self._translated(error, key, writing=False)))

    def copy_from(self, source: Store, source_key: str, key: str) -> None:
        def write(file: BinaryIO) -> None:
            # From file to file the system copies. Where it does not, or fails, reading and writing go on, and say why.
            # Never by copy_file_range: some file systems then let both share their bytes.
            with suppress(OSError):
                while os.sendfile(file.fileno(), stream.fileno(), None, _CHUNK):
                    pass
            shutil.copyfileobj(stream, file, _CHUNK)

        with source.open(source_key) as stream:
            self._create(key, write)

    def stat(self, key: str) -> ObjectInfo:
        path = self._path(key)
        with self._errors(key, writing=False):
            facts = path.lstat()
            if not stat.S_ISREG(facts.st_mode):
                raise FileNotFoundError(errno.ENOENT, "no object", str(path))
            return _info(key, facts)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        folder, _, _ = prefix.rpartition("/")
        if folder:
            self._path(folder)
        with self._errors(prefix, writing=False):
            _must_exist(self.root)
        yield from self._walk(folder, prefix)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with self._errors(key, writing=True):
            _must_exist(self.root)
            with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                path.unlink()
                _sync_folder(path.parent)
                self._remove_empty(path.parent)

    def free_bytes(self) -> int | None:
        with self._errors("", writing=False):
            facts = os.statvfs(self.root)
        return facts.f_bavail * facts.f_frsize

    def _path(self, key: str) -> Path:
        return self.root.joinpath(*key_parts(key))

    def _new(self, key: str) -> Path:
        """The path of a key that is free as far as can be seen before writing; publishing is what decides."""
        path = self._path(key)
        with self._errors(key, writing=True):
            if os.path.lexists(path):
                raise FileExistsError(errno.EEXIST, "taken", str(path))
        return path

    def _create(self, key: str, write: Callable[[BinaryIO], None]) -> None:
        final = self._new(key)
        with self._errors(key, writing=True):
            incoming = self._incoming()
            temporary = incoming / secrets.token_hex(16)
            try:
                descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
                    write(file)
                self._publish_file(temporary, final)
            finally:
                with suppress(OSError):
                    temporary.unlink()

    def _publish_file(self, path: Path, final: Path) -> None:
        """Sync a file and give it its name. Raises FileExistsError, or _OtherFileSystem where it cannot be linked."""
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fchmod(descriptor, 0o600)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        while True:
            try:
                self._make_folder(final.parent)
                os.link(path, final)
            except FileNotFoundError:
                # A delete elsewhere removed the folder as it had become empty. The root or the file gone is an error.
                with self._lock:
                    self._synced.clear()
                _must_exist(self.root)
                _must_exist(path)
                continue
            except OSError as error:
                if error.errno == errno.EXDEV:
                    raise _OtherFileSystem from error
                raise
            _sync_folder(final.parent)
            return

    def _incoming(self) -> Path:
        folder = self.root / _INCOMING
        folder.mkdir(mode=0o700, exist_ok=True)
        if not self._swept:
            self._swept = True
            for entry in os.scandir(folder):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime < time.time() - _ABANDONED:
                        Path(entry).unlink()
        return folder

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and its parents below the root, and sync each name: another process that made one may not
        have come to its sync yet."""
        with self._lock:
            if folder == self.root or folder in self._synced:
                return
        self._make_folder(folder.parent)
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            # Not exist_ok: it would take a folder that a delete removes at this moment for a file in the way.
            if not stat.S_ISDIR(folder.lstat().st_mode):
                raise
        _sync_folder(folder.parent)
        with self._lock:
            self._synced.add(folder)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self.root:
            try:
                folder.rmdir()
            except OSError:
                return  # holds something, or went already
            with self._lock:
                self._synced.discard(folder)
            folder = folder.parent

    def _walk(self, folder: str, prefix: str) -> Iterator[ObjectInfo]:
        path = self.root / folder
        with self._errors(folder, writing=False):
            try:
                entries = [
                    (entry.name + "/" * entry.is_dir(follow_symlinks=False), entry) for entry in os.scandir(path)
                ]
            except (FileNotFoundError, NotADirectoryError):
                return
        # A folder sorts as its name with "/", so that the whole listing is sorted by key.
        for name, entry in sorted(entries, key=lambda one: one[0]):
            key = f"{folder}/{name}" if folder else name
            if not KEY_PART.fullmatch(entry.name) or not key.startswith(prefix):
                continue
            if name.endswith("/"):
                yield from self._walk(key[:-1], prefix)
            elif entry.is_file(follow_symlinks=False):
                with self._errors(key, writing=False):
                    try:
                        facts = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue  # deleted since the folder was read
                yield _info(key, facts)

    @contextmanager
    def _errors(self, key: str, *, writing: bool) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._translated(error, key, writing=writing) from error

    def _translated(self, error: OSError, key: str, *, writing: bool) -> StorageError:
        number = error.errno
        what = f"Object {key!r} in the storage {self.url}" if key else f"The storage {self.url}"
        unchanged = "it was not changed" if writing else "nothing was changed"
        if number in {errno.ENOSPC, errno.EDQUOT}:
            return DiskFull(
                f"{what} was not written: its disk or quota is full.",
                hint="Free some space or raise the quota, then start again.",
            )
        if number in {errno.EROFS, errno.EACCES, errno.EPERM} and writing:
            return StorageReadOnly(
                f"{what} may not be written by this account ({error.strerror}); it was not changed.",
                hint="Mount the storage writable, or give this account the right to write to its folder.",
            )
        if not self.root.is_dir():
            return StorageUnreachable(
                f"{what} cannot be reached, as the storage's folder is not there; {unchanged}.",
                hint="Mount its disk or bring its folder back, then start again.",
            )
        if writing and number in {errno.EEXIST, errno.EISDIR, errno.ENOTDIR}:
            return ObjectExists(
                f"{what} is there already; it was not changed.",
                hint="Nothing is ever overwritten in a storage: use another key.",
            )
        if not writing and number in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR}:
            return ObjectNotFound(
                f"{what} is not there; nothing was changed.",
                hint="It was deleted or never written: bring it back, or choose another backup.",
            )
        return StorageUnreachable(
            f"{what} cannot be reached ({error.strerror or error}); {unchanged}.",
            hint="Look at the disk and at this account's rights to the folder, then start again.",
        )


class _OtherFileSystem(Exception):
    """A file lies on another file system than the store, so its bytes must be copied."""


class _ObjectFile(io.FileIO):
    """A file whose read errors are told as the store's."""

    def __init__(self, path: Path, translated: Callable[[OSError], StorageError]) -> None:
        self._translated = translated
        super().__init__(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW))

    def readinto(self, buffer: Any) -> int:
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            raise self._translated(error) from error

    def readall(self) -> bytes:
        try:
            return super().readall() or b""
        except OSError as error:
            raise self._translated(error) from error


def _info(key: str, facts: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key=key, size=facts.st_size, modified=datetime.fromtimestamp(facts.st_mtime, UTC))


def _must_exist(path: Path) -> None:
    """Raises FileNotFoundError."""
    path.lstat()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
