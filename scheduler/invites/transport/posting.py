"""Posts octets to an https address that somebody gave, as `remote` fetches: never to what is not public.

Plugins that call other systems use it. A host is resolved once and each of its addresses is checked, so that
an address in a setting opens nothing within our own network.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from scheduler.domain.errors import ChainmeetError
from scheduler.invites.transport.remote import (
    Fetcher,
    FetchFailure,
    FetchRequest,
    StatusFailure,
    https_address,
)

MAX_OCTETS: Final = 65_536
"""Of an answer: it is read, and not kept."""


class PostFailure(ChainmeetError):
    """Octets were not taken at an address. `str()` names its host and why, not the rest of the address."""

    code = "post-failure"


def fetcher() -> Fetcher:
    """The limits of what is posted."""
    return Fetcher(max_octets=MAX_OCTETS)


def post(address: str, body: bytes, headers: Mapping[str, str], *, seconds: float = 10.0) -> None:
    """POST to an https address on the public internet, until a server answers with a status of 200 to 299.

    Redirects lead to the same server alone. Raises PostFailure.
    """
    host = urlsplit(address).hostname or "the address"
    question = FetchRequest("POST", headers, body, status=range(200, 300))
    try:
        fetcher().ask(https_address(address), question, ends=time.monotonic() + seconds)
    except StatusFailure as failure:
        raise PostFailure(f"{host} answered with status {failure.status}") from None
    except FetchFailure:
        raise PostFailure(f"{host} was not reached by https, or is not on the public internet") from None
