"""Sending rates per mailbox provider, in emails per minute, and the domains of each provider."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self

_ENTRY: Final = re.compile(r"([a-z0-9.-]+(?:,[a-z0-9.-]+)*)=([1-9][0-9]{0,4})")


def email_domain(address: str) -> str:
    """Return the domain of an email address in lower case."""
    return address.rpartition("@")[2].strip().lower()[:253]


@dataclass(frozen=True, slots=True)
class EmailRates:
    """Emails per minute by route. A route is one mailbox provider, named by the first of its domains.

    A domain that is not listed is a route of its own, without a limit until it asks for one.
    """

    per_minute: Mapping[str, int] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    """Route by listed domain."""

    @classmethod
    @lru_cache
    def parse(cls, text: str) -> Self:
        """Parse `qq.com,foxmail.com=60 163.com=30`. Raises ValueError with the reason."""
        rates: dict[str, int] = {}
        routes: dict[str, str] = {}
        for entry in text.lower().split():
            found = _ENTRY.fullmatch(entry)
            if found is None:
                raise ValueError(f"{entry!r} is not like qq.com,foxmail.com=60: domains, and mails a minute")
            domains = found[1].split(",")
            if routes.keys() & set(domains):
                raise ValueError(f"{entry!r} has a domain that was named before")
            rates[domains[0]] = int(found[2])
            routes |= dict.fromkeys(domains, domains[0])
        return cls(rates, routes)

    def also(self, domains: Sequence[str], per_minute: int | None) -> Self:
        """Return a copy with one more provider, or self if one of its domains is already listed."""
        if self.routes.keys() & set(domains):
            return self
        rates = {} if per_minute is None else {domains[0]: per_minute}
        return type(self)({**self.per_minute, **rates}, {**self.routes, **dict.fromkeys(domains, domains[0])})

    def route(self, address: str) -> str:
        """Return the route of an email address."""
        domain = email_domain(address)
        return self.routes.get(domain, domain)

    def domains(self, route: str) -> list[str]:
        """Return the domains of a route."""
        return [domain for domain, name in self.routes.items() if name == route] or [route]
