"""A real S3 server for tests: SeaweedFS from its wheel, on free ports of the loopback and gone with the tests.

`TEST_S3_URL` names another one to use instead, as `http://ACCESS_KEY:SECRET_KEY@host:port`; its account must be allowed
to make buckets.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.services.postgres import free_port

OTHER_SERVER = "TEST_S3_URL"
REGION = "us-east-1"
SECONDS = 60.0
#: SeaweedFS listens for its own calls on each port + this.
GRPC_OFFSET = 10_000


@dataclass(frozen=True, kw_only=True)
class S3Server:
    endpoint: str
    access_key: str
    secret_key: str

    def client(self) -> Any:
        """A client of the tests, beside what the product uses."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What the usual chain of credentials finds."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def new_bucket(self) -> str:
        name = f"test-{uuid4().hex[:20]}"
        self.client().create_bucket(Bucket=name)
        return name


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """The server all tests of a session share."""
    other = os.environ.get(OTHER_SERVER)
    if other:
        parts = urlsplit(other)
        yield S3Server(
            endpoint=f"{parts.scheme}://{parts.hostname}:{parts.port}",
            access_key=unquote(parts.username or ""),
            secret_key=unquote(parts.password or ""),
        )
        return
    folder = Path(tempfile.mkdtemp(prefix="seaweedfs-"))
    ports = {name: _port() for name in ("master", "volume", "filer", "s3")}
    try:
        with _running(folder, ports) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for port in ports.values():
            for number in (port, port + GRPC_OFFSET):
                for socket in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # it asks nobody where to put them
                    socket.unlink(missing_ok=True)


@contextmanager
def _running(folder: Path, ports: Mapping[str, int]) -> Iterator[S3Server]:
    access_key, secret_key = "restorebot", uuid4().hex
    (folder / "ids.json").write_text(
        json.dumps(
            {
                "identities": [
                    {
                        "name": "restorebot",
                        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
                        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
                    }
                ]
            }
        )
    )
    (folder / "data").mkdir()
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            Path(sys.executable).parent / "weed",
            "server",
            f"-dir={folder / 'data'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            *(f"-{name}.port={port}" for name, port in ports.items()),
            "-s3",
            f"-s3.config={folder / 'ids.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.allowDeleteBucketNotEmpty=false",
            "-volume.max=50",
            "-master.volumeSizeLimitMB=1024",
            "-volume.preStopSeconds=0",
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=folder,
        env={**os.environ, "WEED_S3_SSE_KEK": "0" * 64},
        start_new_session=True,
    )
    log.close()
    try:
        server = S3Server(endpoint=f"http://127.0.0.1:{ports['s3']}", access_key=access_key, secret_key=secret_key)
        until = time.monotonic() + SECONDS
        while not _answers(server):
            if process.poll() is not None or time.monotonic() > until:
                raise TimeoutError(f"SeaweedFS did not start:\n{(folder / 'log').read_text()[-4000:]}")
            time.sleep(0.1)
        yield server
    finally:
        with suppress(ProcessLookupError):  # it ended by itself, and why is being told
            os.killpg(process.pid, signal.SIGKILL)  # a clean stop takes ten seconds, and nothing of it is kept
        process.wait()


def _answers(server: S3Server) -> bool:
    """It stores and gives back: to list buckets works before that."""
    client = server.client()
    try:
        client.create_bucket(Bucket="ready")
        client.put_object(Bucket="ready", Key="ready", Body=b"yes")
    except (BotoCoreError, ClientError):
        return False
    return True


def _port() -> int:
    """A free port whose gRPC neighbour is a port number, too."""
    while (port := free_port()) + GRPC_OFFSET > 65_535:
        continue
    return port
