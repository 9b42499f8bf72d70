"""A small CalDAV server with TLS on loopback: PROPFIND and REPORT (RFC 4791).

Its quirks are those reported of WeCom, DingTalk and Feishu.
"""

from __future__ import annotations

import base64
import hashlib
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from xml.sax.saxutils import escape

import trustme

from scheduler.invites.transport.remote import Fetcher
from tests.support.calendars import calendar, event

USER, PASSWORD = "wang.ming@corp.example", "app-pass-hunter2"
REALM, NONCE = "Calendars", "dcd98b7102dd2f0e8b11d0f600bfb0c0"
HOSTS = ("dav.example", "caldav.icloud.com", "p42-caldav.icloud.com", "p231-caldav.icloud.com.cn")
HEAD = '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
COLLECTION = "<D:collection/><C:calendar/>"
COMPONENTS = '<C:supported-calendar-component-set><C:comp name="{}"/></C:supported-calendar-component-set>'


@dataclass(frozen=True)
class Layout:
    """Paths and quirks of a server."""

    calendar: str = "/calendars/wang/office/"
    entrance: str = "/"
    """The only path that returns the principal. Others are not found."""
    is_bare: bool = False
    """If True, only the calendar itself exists."""
    leads: Mapping[str, str] = field(default_factory=dict)
    """Redirects, by path."""
    lists_alone: bool = False
    """If True, a query returns entries without their content."""
    refuses_query: bool = False
    ignores_time: bool = False
    principal: str = "/principals/wang/"
    others: tuple[str, ...] = ()
    """Names of further calendars, each empty unless `more` has entries of it."""
    closed: tuple[str, ...] = ()
    """Calendars that are listed, but forbidden."""
    home: str = ""
    """The URL of the home set if it is on another host."""
    digest: str = ""
    """The algorithm of HTTP Digest, if Basic is not supported."""
    refuses: int = 0
    """The status of every authenticated response, if not 0."""
    keeps_back: int = 0
    """Number of entries that are listed, but missing in a multiget."""
    is_cut: bool = False
    """If True, query results are truncated (RFC 6578 3.6)."""


PLAIN: Final = Layout()
WECOM: Final = Layout(calendar="/calendar/8c2e/")
DINGTALK: Final = Layout(calendar=f"/dav/{USER}/primary/", is_bare=True, ignores_time=True)
FEISHU: Final = Layout(
    calendar="/7f3a91c2/b04e/",
    entrance="/dav/",
    leads={"/.well-known/caldav": "/dav/"},
    lists_alone=True,
)
FREE_BUSY: Final = Layout(refuses_query=True)


class DavServer:
    """A user with one calendar of `entries`, which tests change while it is served."""

    def __init__(self, layout: Layout, context: ssl.SSLContext) -> None:
        self.layout, self.entries = layout, dict[str, tuple[datetime, datetime]]()
        self.more: dict[str, bytes] = {}
        """Whole iCalendar objects, by their path."""
        self.password = PASSWORD
        self.seen: list[tuple[str, str, str, bool]] = []
        """Method, path, depth, and True if the request had credentials."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_PROPFIND(self) -> None:
                owner.answer(self)

            def do_REPORT(self) -> None:
                owner.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.port = self.http.server_port
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def address(self, path: str = "/") -> str:
        return f"https://dav.example:{self.port}{path}"

    def allows(self, sent: str, method: str, path: str) -> bool:
        """True if a request is authenticated with the right password and scheme."""
        if not self.layout.digest:
            right = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
            return sent == f"Basic {right}"
        said = dict(re.findall(r'(\w+)="?([^",]+)"?', sent.removeprefix("Digest ")))
        if not sent.startswith("Digest ") or said["uri"] != path or said["nonce"] != NONCE:
            return False

        def hashed(text: str) -> str:
            name = self.layout.digest.lower().replace("-", "")
            return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

        secret = hashed(f"{USER}:{REALM}:{self.password}")
        nonce = f"{NONCE}:{said['nc']}:{said['cnonce']}:auth"
        return bool(said["response"] == hashed(f"{secret}:{nonce}:{hashed(f'{method}:{path}')}"))

    def challenge(self) -> str:
        if not self.layout.digest:
            return "Basic"
        return f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm={self.layout.digest}'

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length", 0))).decode()
        depth = asked.headers.get("Depth", "infinity")
        sent = asked.headers.get("Authorization", "")
        self.seen.append((asked.command, asked.path, depth, bool(sent)))
        status, text, headers = self._answered(asked.command, asked.path, depth, sent, body)
        asked.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text.encode()))}.items():
            asked.send_header(name, value)
        asked.end_headers()
        asked.wfile.write(text.encode())

    def _answered(
        self, method: str, path: str, depth: str, sent: str, body: str
    ) -> tuple[int, str, dict[str, str]]:
        if path in self.layout.leads:
            return 301, "", {"Location": self.layout.leads[path]}
        if not self.allows(sent, method, path):
            return 401, "", {"WWW-Authenticate": self.challenge()}
        if self.layout.refuses:
            return self.layout.refuses, "", {}
        if depth == "infinity":
            return 403, "", {}
        text = self._found(path, depth) if method == "PROPFIND" else self._report(path, body)
        if isinstance(text, int):
            return text, "", {}
        is_times = text.startswith("BEGIN:VCALENDAR")
        kind = "text/calendar" if is_times else "application/xml"
        return 200 if is_times else 207, text, {"Content-Type": f"{kind}; charset=utf-8"}

    def _found(self, path: str, depth: str) -> str | int:
        own, home = self.layout.calendar, re.sub(r"[^/]+/$", "", self.layout.calendar)
        as_calendar = f"<D:resourcetype>{COLLECTION}</D:resourcetype>{COMPONENTS.format('VEVENT')}"
        if path == own:
            return multistatus({own: as_calendar})
        if self.layout.is_bare:
            return 404
        if path == self.layout.entrance:
            principal = f"<D:href>{self.layout.principal}</D:href>"
            return multistatus({path: f"<D:current-user-principal>{principal}</D:current-user-principal>"})
        if path == self.layout.principal:
            address = self.layout.home.format(port=self.port) or home
            return multistatus(
                {path: f"<C:calendar-home-set><D:href>{address}</D:href></C:calendar-home-set>"}
            )
        if path == home and depth == "1":
            tasks = f"<D:resourcetype>{COLLECTION}</D:resourcetype>{COMPONENTS.format('VTODO')}"
            plain = "<D:resourcetype><D:collection/></D:resourcetype>"
            beside = {
                f"{home}{name}/": f"{as_calendar}<D:displayname>{name.title()}</D:displayname>"
                for name in self.layout.others
            }
            return multistatus(
                {home: plain, own: as_calendar, f"{home}tasks/": tasks, f"{home}inbox/": plain, **beside}
            )
        return 404

    def _report(self, path: str, body: str) -> str | int:
        home = re.sub(r"[^/]+/$", "", self.layout.calendar)
        name = path.removeprefix(home).rstrip("/")
        if name in self.layout.closed:
            return 403
        if path != self.layout.calendar and name not in self.layout.others:
            return 404
        named = dict(re.findall(r'(start|end)="(\d{8}T\d{6}Z)"', body))
        if "free-busy-query" in body:
            first, last = map(_moment, (named["start"], named["end"]))
            times = [
                f"FREEBUSY:{_text(a)}/{_text(b)}" for a, b in self.entries.values() if a < last and b > first
            ]
            lines = ["BEGIN:VFREEBUSY", "UID:f", "DTSTAMP:20270101T000000Z", *times, "END:VFREEBUSY"]
            return calendar("\r\n".join(lines)).decode()
        if self.layout.refuses_query:
            return 403
        hrefs = re.findall(r"<D:href>([^<]+)</D:href>", body)
        found = {
            at: f"<C:calendar-data>{escape(octets.decode())}</C:calendar-data>"
            for at, octets in self.more.items()
            if at.startswith(path)
        }
        if path != self.layout.calendar:
            return multistatus(found)
        if self.layout.is_cut:
            return multistatus(found, cut=path)
        kept_back = list(self.entries)[: self.layout.keeps_back]
        for name, (start, end) in self.entries.items():
            if "calendar-multiget" in body:
                is_in = f"{path}{name}.ics" in hrefs
            else:
                is_in = start < _moment(named["end"]) and end > _moment(named["start"])
            if is_in or self.layout.ignores_time:
                said = escape(calendar(event(start, end, uid=name)).decode())
                has_it = "calendar-multiget" in body or not self.layout.lists_alone
                if name in kept_back and has_it:
                    continue
                found[f"{path}{name}.ics"] = f"<C:calendar-data>{said}</C:calendar-data>" if has_it else ""
        return multistatus(found)


def multistatus(found: Mapping[str, str], cut: str = "") -> str:
    """Return a multistatus response with the properties of each resource.

    `cut` is the URL of a truncated query.
    """
    items = (
        f"<D:response><D:href>{escape(path)}</D:href><D:propstat><D:prop>{said}</D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        for path, said in found.items()
    )
    said = f"<D:href>{cut}</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status>"
    rest = f"<D:response>{said}</D:response>"
    return f"{HEAD}{''.join(items)}{rest if cut else ''}</D:multistatus>"


@contextmanager
def dav_server(layout: Layout = PLAIN, **more: Any) -> Iterator[tuple[DavServer, Fetcher]]:
    """Yield the server, and a fetcher that resolves dav.example to it and trusts it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*HOSTS).configure_cert(context)
    server = DavServer(replace(layout, **more), context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    fetcher = Fetcher(
        max_octets=100_000,
        resolve=lambda _host, _port: ["127.0.0.1"],
        is_allowed=lambda _address: True,
        ports=frozenset({server.port}),
        context=trusting,
    )
    try:
        yield server, fetcher
    finally:
        server.close()


def careless(context: ssl.SSLContext) -> ssl.SSLContext:
    """Disable host name verification, so that tests check host names by other means."""
    context.check_hostname = False
    return context


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
