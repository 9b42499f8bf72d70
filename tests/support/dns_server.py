"""A DNS server in this process, with the records that a test gives it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

Zone = Mapping[tuple[str, str], list[str]]
"""Records by name and type, as in a zone file. `SERVFAIL` as the only record refuses the question."""


@contextmanager
def serving_dns(zone: Zone) -> Iterator[dns.resolver.Resolver]:
    """Run a server on a free port, and yield a resolver that asks it alone."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            octets, sock = self.request
            sock.sendto(_answer(zone, octets), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        resolver.timeout = resolver.lifetime = 60.0  # tests share their processors
        try:
            yield resolver
        finally:
            server.shutdown()
            thread.join()


def _answer(zone: Zone, octets: bytes) -> bytes:
    question = dns.message.from_wire(octets)
    response: Any = dns.message.make_response(question)
    asked = question.question[0]
    name = asked.name.to_text().rstrip(".").lower()
    kind = dns.rdatatype.to_text(asked.rdtype)
    records = zone.get((name, kind), [])
    if records == ["SERVFAIL"]:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif records:
        response.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", kind, records))
    elif not any(known == name for known, _ in zone):
        response.set_rcode(dns.rcode.NXDOMAIN)
    reply: bytes = response.to_wire(max_size=65_535)
    return reply
