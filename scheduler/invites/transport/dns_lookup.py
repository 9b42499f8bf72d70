"""DNS lookups for the email check. Answers come from strangers, so time, number and length are limited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.rdatatype
import dns.resolver
import dns.reversename

from scheduler.domain.errors import ChainmeetError
from scheduler.invites.text import clean

SECONDS = 5.0
"""Per lookup, with all its retries."""
MAX_LOOKUPS = 60
MAX_RECORDS = 20
"""Records of an answer that are read."""
MAX_TEXT = 4_096
"""Characters of a TXT record that are read."""
MAX_NAME = 255


class DnsFailure(ChainmeetError):
    """DNS gives no answer: a timeout, a refusal, or an answer that cannot be read."""

    code = "dns"


def system_resolver() -> dns.resolver.Resolver:
    """Return the resolver of this machine, which gives up in time."""
    resolver = dns.resolver.Resolver()
    resolver.lifetime = SECONDS
    return resolver


@dataclass(slots=True)
class DnsLookup:
    """A bounded series of lookups. A name without such records has none; that is no failure.

    Each raises DnsFailure.
    """

    make_resolver: Callable[[], dns.resolver.Resolver] | None = None
    """By default `system_resolver`."""
    left: int = MAX_LOOKUPS
    _resolver: dns.resolver.Resolver | None = field(default=None, repr=False)

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name."""
        return [
            clean(b"".join(record.strings)[:MAX_TEXT].decode("utf-8", "replace"), MAX_TEXT)
            for record in self._records(name, "TXT")
        ]

    def mail_servers(self, name: str) -> list[str]:
        """Return the mail servers of a domain (MX), the preferred one first. "." means that it has none."""
        records = sorted(self._records(name, "MX"), key=lambda record: int(record.preference))
        return [_name(record.exchange) for record in records]

    def addresses(self, name: str) -> list[str]:
        """Return the IPv4 and IPv6 addresses of a name."""
        return [
            str(record.address)
            for kind in ("A", "AAAA")
            for record in self._records(name, kind)
            if record.rdtype == dns.rdatatype.from_text(kind)
        ]

    def names(self, address: str) -> list[str]:
        """Return the names of an IP address (PTR)."""
        try:
            reverse = dns.reversename.from_address(address).to_text()
        except (dns.exception.DNSException, ValueError) as error:
            raise DnsFailure(f"{clean(address, 60)} is no IP address.") from error
        return [_name(record.target) for record in self._records(reverse, "PTR")]

    def _records(self, name: str, kind: str) -> list[Any]:
        if self.left <= 0:
            raise DnsFailure(f"More than {MAX_LOOKUPS} lookups are needed.")
        self.left -= 1
        try:
            if self._resolver is None:
                self._resolver = (self.make_resolver or system_resolver)()
            answer = self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.exception.DNSException, OSError, ValueError) as error:
            said = f"{type(error).__name__}: {error}"
            raise DnsFailure(clean(f"DNS doesn't answer for {name} ({kind}): {said}", 300)) from error
        return list(answer.rrset or ())[:MAX_RECORDS]


def _name(name: Any) -> str:
    text = clean(name.to_text(), MAX_NAME)
    return text.rstrip(".").lower() or "."
