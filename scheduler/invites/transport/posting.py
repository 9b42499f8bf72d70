"""POST to user-supplied https URLs, with the SSRF protection of `remote`: public addresses only.

Used by plugins that call other systems. A host is resolved once and each of its addresses is checked, so that
a configured URL cannot reach our own network.
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
"""Octets of a response, which is read and discarded."""


class PostFailure(ChainmeetError):
    """A POST was not accepted. `str()` names the host and the reason, not the rest of the URL."""

    code = "post-failure"


def fetcher() -> Fetcher:
    """Return the fetcher with the limits for responses to a POST."""
    return Fetcher(max_octets=MAX_OCTETS)


def post(address: str, body: bytes, headers: Mapping[str, str], *, seconds: float = 10.0) -> None:
    """POST to an https URL on the public internet. Succeeds on a status from 200 to 299.

    Only redirects to the same server are followed. Raises PostFailure.
    """
    host = urlsplit(address).hostname or "the address"
    question = FetchRequest("POST", headers, body, status=range(200, 300))
    try:
        fetcher().ask(https_address(address), question, ends=time.monotonic() + seconds)
    except StatusFailure as failure:
        raise PostFailure(f"{host} answered with status {failure.status}") from None
    except FetchFailure:
        raise PostFailure(f"{host} was not reached by https, or is not on the public internet") from None
