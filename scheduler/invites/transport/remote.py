"""Fetches calendars from user-supplied https URLs, with protection against SSRF.

A hostile URL may point into the server's own network, or a name may resolve differently the second time (DNS
rebinding). urllib3 and httpx resolve names themselves. Here the host is resolved once. If any of its
addresses is not public, none is used. The connection goes to a checked address, with TLS verified for the
host name. Redirects (at most 3) get the same checks. Size and time (20 seconds in all) are limited. A
calendar in a private network cannot be connected.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any, Final, cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

from scheduler.domain import fields
from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy
from scheduler.invites.transport.public_addresses import is_public_address

MAX_SECONDS: Final = 20.0
"""Per request. A service takes several seconds to export ten MiB of a heavy user's calendar."""
MAX_REDIRECTS: Final = 3
_CHUNK: Final = 65_536
_CHALLENGE: Final = 2_000
"""Characters of the challenge that are examined."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_STANDARD_PORT: Final = gettext_lazy(
    "Enter a calendar address on the standard HTTPS port. Others can't be used."
)
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?")


class FetchFailure(ChainmeetError):
    """A calendar could not be fetched. `str()` is a sentence without the URL, which is secret."""

    code = "fetch-failure"


class NotPublic(FetchFailure):
    """The host has an address that is not on the public internet."""


class StatusFailure(FetchFailure):
    """The server returned an unexpected HTTP status.

    `address` is the URL that responded, `challenge` its WWW-Authenticate header (RFC 9110 11.6.1).
    """

    def __init__(self, sentence: str, status: int, address: str = "", challenge: str = "") -> None:
        super().__init__(sentence)
        self.status, self.address, self.challenge = status, address, challenge


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """A request and its expected status. Credentials are sent to one server only.

    `status` may be a range. `servers` matches hosts of one service, which count as one server.
    """

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int | range = 200
    servers: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class FetchResult:
    """The fetched octets, or None if unchanged.

    `etag` and `modified` are for the next conditional request.
    """

    octets: bytes | None
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A response: its status, its Retry-After header or an empty text, and the start of its body."""

    status: int
    retry_after: str
    octets: bytes


def resolve_host(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host from the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Limits and dependencies of fetching. Only tests change more than `max_octets`."""

    max_octets: int
    resolve: Callable[[str, int], Sequence[str]] = resolve_host
    is_allowed: Callable[[str], bool] = is_public_address
    ports: frozenset[int] = frozenset({443})
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    clock: Callable[[], float] = time.monotonic

    def fetch(self, address: str, *, etag: str = "", modified: str = "") -> FetchResult:
        """Return the calendar at a URL from `https_address`. Raises FetchFailure."""
        ends = self.clock() + MAX_SECONDS
        headers = {"If-None-Match": etag, "If-Modified-Since": modified}
        known = {name: value for name, value in headers.items() if value}
        return self._followed(address, FetchRequest(headers=known), ends, same_server=False)[0]

    def ask(self, address: str, question: FetchRequest, *, ends: float) -> tuple[bytes, str]:
        """Return the response body and its URL, on the same server, before `ends`. Raises FetchFailure."""
        ends = min(ends, self.clock() + MAX_SECONDS)
        fetched, address = self._followed(address, question, ends, same_server=True)
        return fetched.octets or b"", address

    def exchange(self, address: str, question: FetchRequest, *, ends: float) -> Exchanged:
        """Return the response to one request, whatever its status. Redirects are not followed.

        At most `max_octets` of the body are read. Raises FetchFailure, TimeoutError,
        ssl.SSLCertVerificationError, or OSError, HTTPException or ValueError for other failures.
        """
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 443
        if port not in self.ports:
            raise FetchFailure(_STANDARD_PORT)
        with self._connected(host, port, self._checked(host, port, ends), ends) as connection:
            connection.sendall(_request(parts, question))
            response = HTTPResponse(cast("socket.socket", _Timed(connection, ends, self.clock)))
            response.begin()
            octets = response.read(self.max_octets)
            return Exchanged(response.status, _header(response, "Retry-After"), octets)

    def _followed(
        self, address: str, question: FetchRequest, ends: float, *, same_server: bool
    ) -> tuple[FetchResult, str]:
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._once(address, question, ends)
            if isinstance(answer, FetchResult):
                return answer, address
            if same_server:
                address = resolve_on_server(address, answer, question.servers)
            else:
                address = https_address(_joined(address, answer))
        raise FetchFailure(gettext_lazy("The calendar address redirects too many times."))

    def _once(self, address: str, question: FetchRequest, ends: float) -> FetchResult | str:
        """Send one request. Return the result, or the redirect location."""
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 443
        if port not in self.ports:
            raise FetchFailure(_STANDARD_PORT)
        try:
            addresses = self._checked(host, port, ends)
            with self._connected(host, port, addresses, ends) as connection:
                connection.sendall(_request(parts, question))
                return self._answer(_Timed(connection, ends, self.clock), question.status, address)
        except TimeoutError:
            raise FetchFailure(gettext_lazy("The calendar server took too long to respond.")) from None
        except ssl.SSLCertVerificationError:
            raise FetchFailure(gettext_lazy("The calendar server has no valid certificate.")) from None
        except (OSError, HTTPException, ValueError):
            raise FetchFailure(
                gettext_lazy("The calendar server can't be reached, or its response is invalid.")
            ) from None

    def _checked(self, host: str, port: int, ends: float) -> Sequence[str]:
        addresses = self._resolved(host, port, ends)
        if not addresses:
            raise FetchFailure(gettext_lazy("The calendar server wasn't found. Check the address."))
        if not all(map(self.is_allowed, addresses)):
            raise NotPublic(gettext_lazy("The calendar address is not on the public internet."))
        return addresses

    def _resolved(self, host: str, port: int, ends: float) -> Sequence[str]:
        """Resolve in a separate thread, since the system's resolver has no timeout."""
        found: list[str] = []

        def look() -> None:
            with suppress(OSError, UnicodeError):
                found.extend(self.resolve(host, port))

        thread = threading.Thread(target=look, name="resolve", daemon=True)
        thread.start()
        thread.join(_left(ends, self.clock))
        if thread.is_alive():
            raise TimeoutError
        return found

    def _connected(self, host: str, port: int, addresses: Sequence[str], ends: float) -> ssl.SSLSocket:
        """Connect with TLS to the first checked address that answers, verifying the host name."""
        failure: OSError = OSError("no address")
        for address in addresses[:3]:
            try:
                plain = socket.create_connection((address, port), _left(ends, self.clock))
            except TimeoutError:
                raise
            except OSError as error:
                failure = error
                continue
            try:
                plain.settimeout(_left(ends, self.clock))
                return self.context.wrap_socket(plain, server_hostname=host.rstrip("."))
            except BaseException:
                plain.close()
                raise
        raise failure

    def _answer(self, connection: _Timed, wanted: int | range, address: str) -> FetchResult | str:
        response = HTTPResponse(cast("socket.socket", connection))  # HTTPResponse only calls makefile()
        response.begin()
        status, location = response.status, response.headers.get("Location", "")
        if status in _REDIRECTS and location:
            return location
        seen = {"etag": _header(response, "ETag"), "modified": _header(response, "Last-Modified")}
        if status == 304:
            return FetchResult(None, **seen)
        if status not in (wanted if isinstance(wanted, range) else (wanted,)):
            sentence = gettext_lazy(
                "The calendar server responded with status %(status)s.", status=str(status)
            )
            challenge = ", ".join(response.headers.get_all("WWW-Authenticate", []))[:_CHALLENGE]
            is_clean = challenge.isascii() and challenge.isprintable()  # parts of it are sent back
            raise StatusFailure(sentence, status, address, challenge if is_clean else "")
        if _header(response, "Content-Encoding").lower() not in ("", "identity"):
            raise FetchFailure(
                gettext_lazy("The calendar server sent a compressed response although it was asked not to.")
            )
        return FetchResult(self._body(response), **seen)

    def _body(self, response: HTTPResponse) -> bytes:
        body = bytearray()
        while chunk := response.read(min(_CHUNK, self.max_octets + 1)):
            body += chunk
            if len(body) > self.max_octets:
                raise FetchFailure(
                    gettext_lazy(
                        "The calendar is larger than %(most)s MiB. Share a calendar with fewer entries."
                        " Or connect it by CalDAV, which reads only the days of the event.",
                        most=self.max_octets // 1024 // 1024,
                    )
                )
        if response.length:
            raise IncompleteRead(b"", response.length)
        return bytes(body)


def _joined(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        raise FetchFailure(gettext_lazy("The calendar address redirects to an invalid address.")) from None


def resolve_on_server(address: str, named: str, servers: re.Pattern[str] | None = None) -> str:
    """Resolve a URL named in a response from `address`. Both must be on the same server or match `servers`.

    Raises FetchFailure for another server, since credentials must not be sent there.
    """
    found = https_address(_joined(address, named))
    here, there = urlsplit(address), urlsplit(found)
    hosts = (here.hostname or "", there.hostname or "")
    is_of_service = servers is not None and all(map(servers.fullmatch, hosts)) and here.port == there.port
    if there.netloc.lower() != here.netloc.lower() and not is_of_service:
        raise FetchFailure(
            gettext_lazy("The calendar server redirects to another server. Your password is not sent there.")
        )
    return found


def https_address(typed: str) -> str:
    """Return the normalised https URL; webcal:// means https://. Raises FetchFailure."""
    text = re.sub(r"(?i)^webcals?://", "https://", typed.strip())
    if (
        not fields.limits(fields.CalendarAddress).hold(text)
        or not text.isprintable()
        or " " in text
        or "\\" in text
    ):
        raise FetchFailure(gettext_lazy("Enter a valid calendar address."))
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except ValueError:  # including UnicodeError
        raise FetchFailure(gettext_lazy("Enter a valid calendar address.")) from None
    if parts.scheme.lower() != "https":
        raise FetchFailure(gettext_lazy("Enter a calendar address that starts with https:// or webcal://."))
    if parts.username is not None or parts.password is not None:
        raise FetchFailure(
            gettext_lazy(
                "Calendar addresses that contain a user name or password are "
                "not stored. Use a secret address."
            )
        )
    if ":" not in host and not _HOST.fullmatch(host):
        raise FetchFailure(gettext_lazy("Enter a valid calendar address."))
    place = (f"[{host}]" if ":" in host else host) + (f":{port}" if port not in (None, 443) else "")
    return urlunsplit(("https", place, parts.path or "/", parts.query, ""))


class _Timed:
    """A connection with a deadline for the whole response, rather than per read."""

    def __init__(self, connection: ssl.SSLSocket, ends: float, clock: Callable[[], float]) -> None:
        self.connection, self.ends, self.clock = connection, ends, clock

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))


class _Reader(io.RawIOBase):
    def __init__(self, timed: _Timed) -> None:
        self.timed = timed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.timed.connection.settimeout(_left(self.timed.ends, self.timed.clock))
        return self.timed.connection.recv_into(buffer)


def _left(ends: float, clock: Callable[[], float]) -> float:
    left = ends - clock()
    if left <= 0:
        raise TimeoutError
    return left


def request_target(address: str) -> str:
    """Return a URL's request target: path and query (RFC 9112 3.2.1)."""
    parts = urlsplit(address)
    return quote(urlunsplit(("", "", parts.path, parts.query, "")), safe="/?:@!$&'()*+,;=%-._~[]")


def _request(parts: SplitResult, question: FetchRequest) -> bytes:
    accepts = {} if "Accept" in question.headers else {"Accept": "text/calendar, */*;q=0.1"}
    lines = [
        f"{question.method} {request_target(urlunsplit(parts))} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Accept-Encoding: identity",
        "User-Agent: Chainmeet",
        "Connection: close",
        *(f"{name}: {value}" for name, value in (accepts | dict(question.headers)).items()),
        *([f"Content-Length: {len(question.body)}"] if question.method != "GET" else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + question.body


def _header(response: HTTPResponse, name: str) -> str:
    """Return a header that is safe to send back: short and printable ASCII, else empty."""
    value = response.headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and len(value) <= 250 else ""
