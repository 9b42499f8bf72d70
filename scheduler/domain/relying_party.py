"""The relying party of passkeys (Web Authentication, 4): this site, as authenticators know it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """This site to authenticators: `id` is its host (RP ID), `origin` is its scheme, host and port."""

    id: str
    origin: str


def find_relying_party(base_url: str) -> RelyingParty | None:
    """Return the relying party of the public URL. None if browsers allow no passkeys there.

    They need TLS, except on localhost, and a host that is a name.
    """
    url = urlsplit(base_url)
    host = (url.hostname or "").lower()
    if not host or (url.scheme != "https" and host != "localhost"):
        return None
    try:
        ipaddress.ip_address(host)
    except ValueError:
        port = "" if url.port in (None, {"https": 443, "http": 80}[url.scheme]) else f":{url.port}"
        return RelyingParty(host, f"{url.scheme}://{host}{port}")
    return None
