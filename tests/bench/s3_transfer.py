"""Both sides of a transfer: a file becomes an object, and an object a file.

`python -m tests.bench.s3_transfer ours|boto3 write|read URL OBJECT FILE` answers with the seconds it took, after one
request that made the connection, and with the blake3 of the file. boto3's reads have as many requests under way, of as
many bytes, as ours; its writes have its own defaults, which are ours too.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import boto3
from blake3 import blake3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from core.storage.location import open_store
from core.storage.s3 import PARTS_FROM
from core.storage.s3_place import parse_place

_PIECE: Final = 8 * 1024 * 1024
_PIECES: Final = 4
_CHUNK: Final = 1024 * 1024


def ours(what: str, url: str, key: str, file: Path) -> Callable[[], None]:
    store = open_store(url)
    list(store.list("nothing/"))

    def write() -> None:
        store.put_file(key, file)

    def read() -> None:
        with store.open(key) as stream, file.open("wb") as target:
            shutil.copyfileobj(stream, target, _CHUNK)

    return {"write": write, "read": read}[what]


def theirs(what: str, url: str, key: str, file: Path) -> Callable[[], None]:
    place = parse_place(url)
    name = f"{place.prefix}/{key}"
    client = boto3.client(
        "s3",
        endpoint_url=place.endpoint,
        region_name=place.region,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=32),
    )
    client.list_objects_v2(Bucket=place.bucket, Prefix="nothing/")

    def write() -> None:
        client.upload_file(str(file), place.bucket, name, Config=TransferConfig(multipart_threshold=PARTS_FROM))

    def read() -> None:
        config = TransferConfig(multipart_chunksize=_PIECE, max_concurrency=_PIECES)
        with file.open("wb") as target:
            client.download_fileobj(place.bucket, name, target, Config=config)

    return {"write": write, "read": read}[what]


def main(side: str, what: str, url: str, key: str, file: str) -> None:
    path = Path(file)
    digest = blake3().update_mmap(path).hexdigest() if what == "write" else ""
    transfer = {"ours": ours, "boto3": theirs}[side](what, url, key, path)
    started = time.perf_counter()
    transfer()
    seconds = time.perf_counter() - started
    answer: dict[str, Any] = {"seconds": seconds, "blake3": digest or blake3().update_mmap(path).hexdigest()}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
