"""Files: an upload URL, the bytes, then the sharing; all in memory."""

import secrets
import threading
from dataclasses import dataclass, replace

from bot.workspace.refusal import Refused


@dataclass(frozen=True, kw_only=True)
class File:
    id: str
    name: str
    title: str
    size: int
    at: int
    user: str
    #: None: the upload has not come yet
    content: bytes | None = None
    #: where it is shared
    channels: frozenset[str] = frozenset()
    is_shared: bool = False


class Files:
    def __init__(self, lock: threading.Condition, max_bytes: int) -> None:
        self._lock = lock
        self._max_bytes = max_bytes
        self._files: dict[str, File] = {}
        self._uploads: dict[str, str] = {}

    def expect(self, *, name: str, size: int, user: str, at: int) -> tuple[File, str]:
        """The file to be, and the name of its upload URL."""
        with self._lock:
            held = sum(file.size for file in self._files.values())
            if size <= 0:
                raise Refused("invalid_arguments", messages=["must be greater than 0 [json-pointer:/length]"])
            if size > self._max_bytes:
                raise Refused("file_upload_size_restricted")
            if held + size > 10 * self._max_bytes:
                raise Refused("storage_limit_reached")
            id_ = "F" + secrets.token_hex(5).upper()
            file = File(id=id_, name=name, title=name, size=size, at=at, user=user)
            upload = secrets.token_urlsafe(24)
            self._files[id_] = file
            self._uploads[upload] = id_
            return file, upload

    def receive(self, upload: str, content: bytes) -> File:
        with self._lock:
            id_ = self._uploads.pop(upload, "")
            if id_ not in self._files:
                raise Refused("not_found")
            file = self._files[id_]
            if len(content) != file.size:
                raise Refused("length_mismatch")
            self._files[id_] = replace(file, content=content)
            return self._files[id_]

    def share(self, id_: str, *, title: str, channels: frozenset[str]) -> File:
        with self._lock:
            file = self.find(id_)
            if file.content is None:
                raise Refused("file_not_found")
            if file.is_shared:
                raise Refused("file_already_completed")
            self._files[id_] = replace(file, title=title or file.name, channels=channels, is_shared=True)
            return self._files[id_]

    def find(self, id_: str) -> File:
        with self._lock:
            if id_ not in self._files:
                raise Refused("file_not_found")
            return self._files[id_]
