"""A proxy before an S3 server, on the loopback, that does what it is told to some of the requests, and notes all."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

#: Bytes of an answer that pass before it is cut short.
CUT_AFTER = 10


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    path: str  # without the query
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]  # names in lower case

    @property
    def operation(self) -> str:
        """As S3 names it, as far as tests tell them apart."""
        names = {
            "GET": "ListObjectsV2" if "list-type" in self.query else "GetObject",
            "HEAD": "HeadObject" if self.path.strip("/").count("/") else "HeadBucket",
            "PUT": "CopyObject" if "x-amz-copy-source" in self.headers else "PutObject",
            "DELETE": "DeleteObject",
            "POST": "CreateMultipartUpload" if "uploads" in self.query else "CompleteMultipartUpload",
        }
        if "uploads" in self.query and self.method == "GET":
            return "ListMultipartUploads"
        if "uploadId" in self.query and self.method == "DELETE":
            return "AbortMultipartUpload"
        if "partNumber" in self.query:
            return "UploadPartCopy" if "x-amz-copy-source" in self.headers else "UploadPart"
        return names[self.method]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What becomes of a request. One value is set."""

    #: answered by the proxy itself, and never seen by the server: status and code, or the name of a good answer
    answer: tuple[int, str] | None = None
    #: this header of the answer is left out
    hide: str = ""
    #: the answer is cut short, or one byte of it is another one
    cut: bool = False
    flip: bool = False
    #: one byte of what is sent is another one
    flip_sent: bool = False
    #: the connection ends before the server sees the request, or after it has done it
    reset: bool = False
    reset_after: bool = False


@dataclass
class Proxy:
    url: str
    seen: list[Request] = field(default_factory=list)
    _faults: list[tuple[Callable[[Request], bool], Fault, list[int]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def does(self, fault: Fault, *, to: str, times: int = 1, where: Callable[[Request], bool] = lambda _: True) -> None:
        """From now on, to the next `times` requests of an operation."""
        self._faults.append((lambda one: one.operation == to and where(one), fault, [times]))

    def forget(self) -> None:
        with self._lock:
            self.seen.clear()
            self._faults.clear()

    @property
    def operations(self) -> list[str]:
        return [one.operation for one in self.seen]

    @property
    def waiting(self) -> int:
        """Times that faults have not come to pass."""
        return sum(left[0] for _, _, left in self._faults)

    def came(self, request: Request) -> Fault | None:
        with self._lock:
            self.seen.append(request)
            for concerns, fault, left in self._faults:
                if left[0] and concerns(request):
                    left[0] -= 1
                    return fault
        return None


@contextmanager
def s3_proxy(endpoint: str) -> Iterator[Proxy]:
    target = urlsplit(endpoint)
    assert target.hostname is not None
    assert target.port is not None

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            request = Request(
                method=self.command,
                path=parts.path,
                query=parse_qs(parts.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
            )
            fault = proxy.came(request) or Fault()
            if fault.reset:
                self.hang_up()
                return
            if fault.answer is not None:
                status, code = fault.answer
                said = f"<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>"
                body = f"<{code}></{code}>" if status == HTTPStatus.OK else said
                self.reply(status, [("Content-Type", "application/xml")], body.encode())
                return
            if fault.flip_sent:
                sent = flipped(sent)
            connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=60)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in {"expect", "connection"}:
                    connection.putheader(name, value)
            connection.endheaders(sent)
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            if fault.reset_after:
                self.hang_up()
                return
            headers = [
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in {"connection", "transfer-encoding", "content-length", fault.hide}
            ]
            length = answer.getheader("Content-Length")
            self.reply(
                answer.status,
                headers,
                flipped(data) if fault.flip else data,
                length=int(length) if length is not None and self.command == "HEAD" else len(data),
                cut=fault.cut,
            )

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815 - the names http.server looks for

        def reply(
            self,
            status: int,
            headers: list[tuple[str, str]],
            data: bytes,
            *,
            length: int | None = None,
            cut: bool = False,
        ) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) if length is None else length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data[:CUT_AFTER] if cut else data)
            if cut:
                self.close_connection = True

        def hang_up(self) -> None:
            """With a reset, as when a process dies."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()

        def finish(self) -> None:
            if self.connection.fileno() != -1:
                super().finish()

        def log_message(self, *_: object) -> None:
            """`seen` has it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """Clients hang up, too."""

    server = Server(("127.0.0.1", 0), Handler)
    proxy = Proxy(url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
