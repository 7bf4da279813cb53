"""Bar 10: writing to and reading from an S3 server against one plain transfer of boto3.

The server is SeaweedFS on the same machine, so that this is about what we add, not about networks. Ours sends the
checksum of the whole object along and never overwrites; both read the object that ours has written.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.bench.children import BenchError, Ran, run
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.peers import Peer
from tests.bench.subject import Ground
from tests.services.s3 import S3Server, s3_server

_MB: Final = 1_000_000
_SECONDS: Final = 1_800.0
#: The file and its copies in memory; on the server's disk two objects a round.
_SPACE_FACTOR: Final = 4
#: What is written by either, and read by either.
TRANSFERS: Final = (("ours", "write"), ("boto3", "write"), ("ours", "read"), ("boto3", "read"))


@dataclass(frozen=True)
class _Transfers:
    server: S3Server
    url: str
    folder: Path
    done: dict[tuple[str, str], list[Ran]] = field(default_factory=lambda: {one: [] for one in TRANSFERS})

    def write(self, side: str, number: int) -> None:
        copy = self.folder / "copy"
        shutil.copyfile(self.source, copy)
        self._transfer(side, "write", f"{side}/{number}", copy)

    def read(self, side: str, number: int) -> None:
        self._transfer(side, "read", f"ours/{number}", self.folder / "read")

    @property
    def source(self) -> Path:
        return self.folder / "source"

    def _transfer(self, side: str, what: str, key: str, file: Path) -> None:
        words = ("-m", "tests.bench.s3_transfer", side, what, self.url, key, str(file))
        ran = run(words, seconds=_SECONDS, environment=self.server.environment)
        file.unlink(missing_ok=True)  # ours may move what it is given
        self.done[side, what].append(ran)
        if len({one.answer["blake3"] for many in self.done.values() for one in many}) != 1:
            raise BenchError(f"What {side} had when it {what}s {key} are other bytes than before.")


class S3:
    name = "Transfers to and from S3, against boto3"
    bars = ("10",)
    peers: tuple[Peer, ...] = ()

    def measure(self, ground: Ground) -> Result:
        size = ground.sizes.transfer * _MB
        with s3_server() as server, ground.place(ground.memory, size * _SPACE_FACTOR) as folder:
            url = f"s3://{server.new_bucket()}/bench?endpoint={server.endpoint}&region=us-east-1"
            transfers = _Transfers(server, url, folder)
            transfers.source.write_bytes(Random(0).randbytes(size))
            for number in range(1, ground.rounds + 1):
                ground.say(f"S3: turn {number} of {ground.rounds}")
                sides = ("boto3", "ours") if number % 2 else ("ours", "boto3")
                for side in sides:
                    transfers.write(side, number)
                for side in sides:
                    transfers.read(side, number)
        rows = [
            (
                f"{side}, {what}",
                str(Values.of(one.answer["seconds"] for one in done)),
                str(Values.of(size / _MB / one.answer["seconds"] for one in done)),
                str(Values.of(one.processor for one in done)),
            )
            for (side, what), done in transfers.done.items()
        ]
        return Result(
            bars=[_bar(transfers, what, ground.sizes.transfer) for what in ("write", "read")],
            tables=[Table(head=("transfer", "seconds", "MB/s", "processor seconds of the process"), rows=rows)],
        )


def _bar(transfers: _Transfers, what: str, megabytes: int) -> Bar:
    ours, theirs = (
        Values.of(one.answer["seconds"] for one in transfers.done[side, what]) for side in ("ours", "boto3")
    )
    return Bar(
        number="10",
        what=f"{what} {megabytes} MB, S3",
        ours=ours,
        peer=theirs,
        against="boto3",
        limit=1.2,
        reach=1.05,
    )
