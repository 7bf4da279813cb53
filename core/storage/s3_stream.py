"""A seekable stream over ranged reads, which reads ahead while it is read in order."""

import io
import os
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

#: Bytes that are asked for at least: a footer or an index, with what lies around it.
_LEAST: Final = 256 * 1024
#: Bytes of one piece, at most, and of all pieces that are under way or wait to be read.
_PIECE: Final = 8 * 1024 * 1024
_AHEAD: Final = 4 * _PIECE

#: From the first byte to before the last one → the bytes, whole. Called in other threads.
Fetch = Callable[[int, int], bytes]


@dataclass(frozen=True, kw_only=True)
class _Piece:
    start: int
    end: int
    data: "Future[bytes]"


class RangedStream(io.RawIOBase):
    """`size` bytes, of which `begun` are there already and `fetch` gives the others.

    Twice as much is asked for ahead as was read in order since the last jump, so that who reads here and there gets
    little that is not wanted, and who reads on and on soon gets large pieces side by side. `whole` is handed the CRC32
    of all bytes if they are read from the first to the last in order, before the last ones are handed out.
    """

    def __init__(
        self,
        size: int,
        fetch: Fetch,
        pool: ThreadPoolExecutor,
        *,
        begun: bytes,
        whole: Callable[[int], None],
    ) -> None:
        super().__init__()
        self._size = size
        self._fetch = fetch
        self._pool = pool
        self._position = 0
        self._pieces: deque[_Piece] = deque()  # one behind the other, without gaps
        self._asked = len(begun)  # end of the last piece
        if begun:
            there: Future[bytes] = Future()
            there.set_result(begun)
            self._pieces.append(_Piece(start=0, end=len(begun), data=there))
        self._run = 0  # where reading in order began
        self._whole = whole
        self._crc32, self._counted = 0, 0  # of the first `_counted` bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"no place before the first byte: {base + offset}")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = self._taken(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self._taken(self._size - self._position), b""))

    def close(self) -> None:
        self._forget()
        super().close()

    def _taken(self, wanted: int) -> memoryview:
        """Up to so many bytes from the position on, which moves behind them."""
        if self._position >= self._size or wanted <= 0:
            return memoryview(b"")
        piece = self._piece(wanted)
        offset = self._position - piece.start
        data = memoryview(piece.data.result())[offset : offset + wanted]
        self._count(data)
        self._position += len(data)
        return data

    def _piece(self, wanted: int) -> _Piece:
        """The one that holds the position, with those behind it under way."""
        while self._pieces and self._pieces[0].end <= self._position:
            self._pieces.popleft()
        if not self._pieces or self._position < self._pieces[0].start:
            if self._position != self._asked:
                self._run = self._position
            self._forget()
            self._asked = self._position
        ahead = min(max(2 * (self._position - self._run), wanted, _LEAST), _AHEAD)
        span = min(max(ahead // 2, _LEAST), _PIECE)
        while not self._pieces or self._asked - self._position + span <= ahead:
            start, end = self._asked, min(self._asked + span, self._size)
            if start == end:
                break
            self._pieces.append(_Piece(start=start, end=end, data=self._pool.submit(self._fetch, start, end)))
            self._asked = end
        return self._pieces[0]

    def _count(self, data: memoryview) -> None:
        if self._position != self._counted:
            return
        crc32, counted = zlib.crc32(data, self._crc32), self._counted + len(data)
        if counted == self._size:
            self._whole(crc32)
        self._crc32, self._counted = crc32, counted

    def _forget(self) -> None:
        for piece in self._pieces:
            piece.data.cancel()
        self._pieces.clear()
