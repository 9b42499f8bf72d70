"""Third-party calendar servers on loopback with TLS: Radicale and Xandikos."""

from __future__ import annotations

import base64
import http.client
import importlib.util
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from scheduler.invites.busy import MAX_OCTETS
from scheduler.invites.transport.remote import Fetcher
from tests.support.dav import PASSWORD, USER
from tests.support.servers import ServerMissing

HOST = "dav.example"
WAIT_SECONDS = 60
_CALENDAR = (
    '<?xml version="1.0"?><C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<D:set><D:prop>"
    '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>'
    "</D:prop></D:set></C:mkcalendar>"
)


class CalendarServer:
    """A running server with a user's calendars below `home`; puts and deletes entries as clients do."""

    def __init__(self, port: int, home: str, context: ssl.SSLContext) -> None:
        self.port, self.home, self.context = port, home, context

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}/"

    def fetcher(self) -> Fetcher:
        """Return the application's fetcher, with the host on loopback and a trusted certificate."""
        return Fetcher(
            max_octets=MAX_OCTETS,
            resolve=lambda _host, _port: ["127.0.0.1"],
            is_allowed=lambda _address: True,
            ports=frozenset({self.port}),
            context=self.context,
        )

    def make_calendar(self, name: str) -> None:
        self._send("MKCALENDAR", f"{self.home}{name}/", _CALENDAR.encode(), "application/xml", {201})

    def put(self, calendar: str, name: str, octets: bytes) -> None:
        path = f"{self.home}{calendar}/{name}.ics"
        self._send("PUT", path, octets, "text/calendar; charset=utf-8", {201, 204})

    def delete(self, path: str) -> None:
        """Delete an entry, or with a trailing slash a calendar."""
        self._send("DELETE", f"{self.home}{path}", b"", "text/plain", {200, 204})

    def _send(self, method: str, path: str, body: bytes, kind: str, wanted: set[int]) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # it is addressed by IP
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        sign_in = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        try:
            headers = {"Content-Type": kind, "Authorization": f"Basic {sign_in}", "Host": HOST}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        if answer.status not in wanted:
            raise AssertionError(f"{method} {path}: {answer.status} {said[:300]!r}")


@contextmanager
def radicale() -> Iterator[CalendarServer]:
    """Run Radicale with a user with a password, and no calendars."""
    with _folder("radicale") as (folder, certificate, context):
        (folder / "users").write_text(f"{USER}:{PASSWORD}\n")

        def command(port: int) -> list[str]:
            return [
                "--hosts", f"127.0.0.1:{port}", "--ssl",
                "--server-certificate", str(certificate), "--server-key", str(certificate),
                "--auth-type", "htpasswd", "--auth-htpasswd-filename", str(folder / "users"),
                "--auth-htpasswd-encryption", "plain",
                "--storage-filesystem-folder", str(folder / "calendars"),
                "--web-type", "none", "--config", "",
            ]  # fmt: skip

        with _running("radicale", command, folder) as port:
            yield CalendarServer(port, f"/{USER}/", context)


@contextmanager
def xandikos() -> Iterator[CalendarServer]:
    """Run Xandikos with its only user, and no entries."""
    with _folder("xandikos") as (folder, certificate, context):
        certificates = folder / "state" / "certs"
        certificates.mkdir(parents=True)
        for name in ("selfsigned.crt", "selfsigned.key"):
            (certificates / name).write_bytes(certificate.read_bytes())

        def command(port: int) -> list[str]:
            return [
                "serve", "--directory", str(folder / "calendars"), "--state-dir", str(folder / "state"),
                "--autocreate", "--defaults", "--autocert", "--no-detect-systemd",
                "--listen-address", "127.0.0.1", "--port", str(port),
            ]  # fmt: skip

        with _running("xandikos", command, folder) as port:
            server = CalendarServer(port, "/user/calendars/", context)
            server.delete("calendar/")
            yield server


SERVERS: dict[str, Callable[[], object]] = {"Radicale": radicale, "Xandikos": xandikos}


@contextmanager
def _folder(module: str) -> Iterator[tuple[Path, Path, ssl.SSLContext]]:
    """Return a folder, a certificate with its key in it, and a context that trusts it."""
    if importlib.util.find_spec(module) is None:
        raise ServerMissing(f"{module} is not installed: pip install {module}")
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with tempfile.TemporaryDirectory(prefix=f"chainmeet-{module}-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        certificate = folder / "server.pem"
        authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(certificate)
        yield folder, certificate, context


@contextmanager
def _running(module: str, command: Callable[[int], list[str]], folder: Path) -> Iterator[int]:
    """Run the program on a free port; wait until it accepts connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with (folder / "log").open("w") as log:
        program = subprocess.Popen(
            [sys.executable, "-m", module, *command(port)], cwd=folder, stdout=log, stderr=log
        )
        try:
            _wait(port, program, folder / "log")
            yield port
        finally:
            program.terminate()
            program.wait(30)


def _wait(port: int, program: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends and program.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text()[-2000:])
