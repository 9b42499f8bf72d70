"""Calendars are fetched over TLS from public addresses only, within limits; against a real server."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import trustme

from scheduler.invites.transport.public_addresses import is_public_address
from scheduler.invites.transport.remote import (
    MAX_REDIRECTS,
    MAX_SECONDS,
    Fetcher,
    FetchFailure,
    https_address,
)

CALENDAR = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(CALENDAR), CALENDAR)

Answer = Callable[[bytes], bytes]


class Server:
    """Answers each connection with what `answers` returns for the request's head."""

    def __init__(self, answers: Answer, context: ssl.SSLContext) -> None:
        self.requests: list[bytes] = []
        self.names: list[str | None] = []
        self.answers, self.context = answers, context
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += connection.recv(65536)
                    self.requests.append(head)
                    connection.sendall(self.answers(head))
                    connection.unwrap()
            except OSError:
                continue  # the client rejected the certificate, or stopped reading

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def serving(authority: trustme.CA, answers: Answer, name: str = "calendar.example") -> Iterator[tuple]:
    """Run a server of this name. Return it with a fetcher that finds it and trusts its authority."""
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(server_context)
    server = Server(answers, server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)
    fetcher = Fetcher(
        max_octets=1000,
        resolve=lambda _host, _port: ["127.0.0.1"],
        is_allowed=lambda _address: True,
        ports=frozenset({server.port}),
        context=client_context,
    )
    try:
        yield server, fetcher, f"https://calendar.example:{server.port}/my.ics?key=hunter2"
    finally:
        server.close()


def failure(fetcher: Fetcher, address: str) -> str:
    with pytest.raises(FetchFailure) as raised:
        fetcher.fetch(address)
    assert "hunter2" not in str(raised.value) and str(raised.value).endswith(".")
    return str(raised.value)


def test_a_calendar_is_fetched_under_its_name_with_a_plain_request(authority: trustme.CA) -> None:
    with serving(authority, lambda _: OK) as (server, fetcher, address):
        assert fetcher.fetch(address).octets == CALENDAR
        assert server.names == ["calendar.example"]
        head = server.requests[0].decode()
    assert head.startswith("GET /my.ics?key=hunter2 HTTP/1.1\r\n")
    assert f"\r\nHost: calendar.example:{server.port}\r\n" in head
    assert "\r\nAccept-Encoding: identity\r\n" in head
    assert "Cookie" not in head and "Authorization" not in head


def test_what_did_not_change_is_not_sent_again(authority: trustme.CA) -> None:
    def answers(head: bytes) -> bytes:
        if b'If-None-Match: "1"' in head and b"If-Modified-Since: Tue" in head:
            return b"HTTP/1.1 304 Not Modified\r\n\r\n"
        return OK.replace(b"\r\n", b'\r\nETag: "1"\r\nLast-Modified: Tue, 24 Nov 2026 08:00:00 GMT\r\n', 1)

    with serving(authority, answers) as (_, fetcher, address):
        first = fetcher.fetch(address)
        again = fetcher.fetch(address, etag=first.etag, modified=first.modified)
    assert (first.octets, again.octets) == (CALENDAR, None)


def test_a_server_of_another_name_is_not_trusted(authority: trustme.CA) -> None:
    with serving(authority, lambda _: OK, name="other.example") as (server, fetcher, address):
        assert "certificate" in failure(fetcher, address)
        assert server.requests == []


def test_a_server_of_an_unknown_authority_is_not_trusted(authority: trustme.CA) -> None:
    with serving(authority, lambda _: OK) as (server, fetcher, address):
        assert "certificate" in failure(replace(fetcher, context=ssl.create_default_context()), address)
        assert server.requests == []


def test_every_redirect_is_followed_with_the_same_checks(authority: trustme.CA) -> None:
    asked: list[str] = []

    def answers(head: bytes) -> bytes:
        if b"/moved.ics" in head:
            return OK
        return b"HTTP/1.1 302 Found\r\nLocation: /moved.ics\r\nContent-Length: 0\r\n\r\n"

    with serving(authority, answers) as (server, fetcher, address):
        counted = replace(fetcher, resolve=lambda host, _port: asked.append(host) or ["127.0.0.1"])
        assert counted.fetch(address).octets == CALENDAR
        assert asked == ["calendar.example"] * 2 and len(server.requests) == 2


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://calendar.example/", "starts with https"),
        ("https://internal.example:PORT/", "not on the public internet"),
        ("https://calendar.example:22/", "standard HTTPS port"),
        ("https://user:pass@calendar.example/", "user name"),
        ("file:///etc/passwd", "starts with https"),
        ("https://[", "invalid address"),
        ("my.ics", "redirects too many times"),
    ],
)
def test_a_redirect_leads_nowhere_else(authority: trustme.CA, location: str, said: str) -> None:
    target = location.encode()

    def answers(_: bytes) -> bytes:
        moved = target.replace(b"PORT", str(server.port).encode())
        return b"HTTP/1.1 301 Moved\r\nLocation: " + moved + b"\r\nContent-Length: 0\r\n\r\n"

    with serving(authority, answers) as (server, fetcher, address):
        picky = replace(
            fetcher,
            resolve=lambda host, _port: ["10.0.0.1" if "internal" in host else "127.0.0.1"],
            is_allowed=lambda ip: ip == "127.0.0.1",
        )
        assert said in failure(picky, address)
        assert len(server.requests) == (MAX_REDIRECTS + 1 if location == "my.ics" else 1)


PRIVATE = [
    "", "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1",
    "::ffff:8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b::a00:1", "64:ff9b:1::1",
    "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "fc00::1", "fd12:3456::1", "fe80::1",
    "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "2606:4700::1%eth0", "localhost", "8.8.8.8/8",
]  # fmt: skip


@pytest.mark.parametrize("ip", PRIVATE)
def test_no_connection_is_made_to_what_is_not_public(ip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connections: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *args: connections.append(args))
    for answer in ([ip], ["93.184.215.14", ip], [ip, "93.184.215.14"]):
        fetcher = Fetcher(max_octets=1000, resolve=lambda _host, _port, answer=answer: answer)
        assert "not on the public internet" in failure(fetcher, "https://calendar.example/hunter2.ics")
    assert connections == []


@pytest.mark.parametrize("ip", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111", "2a00:1450:4001::5"])
def test_public_addresses_are_allowed(ip: str) -> None:
    assert is_public_address(ip)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]"],
)
def test_every_spelling_of_this_machine_is_refused_by_its_real_resolution(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *args: connections.append(args))
    with pytest.raises(FetchFailure):
        Fetcher(max_octets=1000).fetch(https_address(f"https://{host}/"))
    assert connections == []


def test_the_connection_goes_to_the_address_that_was_checked(authority: trustme.CA) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])  # a name that resolves differently the second time
    with serving(authority, lambda _: OK) as (_, fetcher, address):
        rebound = replace(fetcher, resolve=lambda _host, _port: next(answers))
        assert rebound.fetch(address).octets == CALENDAR
    assert next(answers) == ["10.0.0.1"], "it was asked once"


@pytest.mark.parametrize(
    "body",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1f4\r\n" % () + b"x" * 500 + b"\r\n"
        + b"1f5\r\n" + b"x" * 501 + b"\r\n0\r\n\r\n",
    ],
    ids=["length", "until-the-end", "chunked"],
)  # fmt: skip
def test_an_answer_that_is_too_large_is_given_up(authority: trustme.CA, body: bytes) -> None:
    with serving(authority, lambda _: body) as (_, fetcher, address):
        assert "larger than" in failure(fetcher, address)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "compressed"),
        (b"SSH-2.0-OpenSSH_9\r\n", "invalid"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "invalid"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", "invalid"),
        (b"", "invalid"),
    ],
)
def test_an_answer_that_is_none_is_said_so(authority: trustme.CA, answer: bytes, said: str) -> None:
    with serving(authority, lambda _: answer) as (_, fetcher, address):
        assert said in failure(fetcher, address)


def test_the_whole_time_is_limited_however_the_server_drips(authority: trustme.CA) -> None:
    seconds = iter(range(1000))  # each reading of the clock advances it by a second
    with serving(authority, lambda _: OK.replace(b"\r\n\r\n", b"\r\nX: y\r\n\r\n" * 1)) as (
        _,
        fetcher,
        address,
    ):
        slow = replace(fetcher, clock=lambda: next(seconds) * MAX_SECONDS / 2)
        assert "too long" in failure(slow, address)


def test_a_name_that_is_never_resolved_is_given_up() -> None:
    never, seconds = threading.Event(), iter([0.0, MAX_SECONDS - 0.01])
    hanging = Fetcher(
        max_octets=1, resolve=lambda *_: [str(never.wait())], clock=lambda: next(seconds, MAX_SECONDS)
    )
    try:
        assert "too long" in failure(hanging, "https://calendar.example/hunter2.ics")
    finally:
        never.set()


def test_a_server_that_is_not_there_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = Fetcher(
        max_octets=1, resolve=lambda *_: ["127.0.0.1"], is_allowed=lambda _: True, ports=frozenset({port})
    )
    assert "can't be reached" in failure(nobody, f"https://calendar.example:{port}/")


def test_webcal_and_names_in_any_script_are_understood() -> None:
    assert https_address(" webcal://Calendar.example/a.ics#x ") == "https://calendar.example/a.ics"
    assert https_address("https://naptár.example/á b".replace(" ", "")) == "https://xn--naptr-0qa.example/áb"
    assert https_address("https://calendar.example:443") == "https://calendar.example/"
    assert https_address("https://[2606:4700::1]/") == "https://[2606:4700::1]/"


@pytest.mark.parametrize(
    "typed",
    ["calendar", "http://calendar.example/", "ftp://calendar.example/", "https://", "https://a b.example/",
     "https://u:p@calendar.example/", "https://calendar.example:x/", "https://calendar.example\\@10.0.0.1/",
     "https://calendar.example/\r\nHost: x", "https://" + "a" * 3000, "",
     "https://%31.example/", "https://-a.example/"],
)  # fmt: skip
def test_what_is_no_calendar_address_is_refused(typed: str) -> None:
    with pytest.raises(FetchFailure):
        https_address(typed)
