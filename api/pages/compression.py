"""Compression of text (gzip, RFC 9110, 8.4.1.3), for the slow networks of venues.

The length of a compressed page reveals a secret in it to an attacker who can inject text beside it (BREACH).
CSRF tokens are safe, because each page has one that is signed anew with the time. Pages with URLs or tokens
that grant access by themselves are not compressed: each new view of that kind must be added to `SECRETS`.

Static files have URLs with a digest of their content, and browsers cache them for a year.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

TEXTS = frozenset(
    (
        "text/html",
        "text/css",
        "text/javascript",
        "application/javascript",
        "image/svg+xml",
        "application/json",
    )
)
LEAST = 1_000
"""Minimum size in bytes."""
LEVEL = 1
"""10 % larger than level 6, in a third of the time."""
SECRETS = frozenset(
    (
        "agenda", "calendar", "feed", "reply_links", "sessions", "sign_in", "summary_unsubscribe", "tokens",
        "webhooks",
    )
)  # fmt: skip
"""Blueprints whose pages contain secrets that grant access: feeds, links of emails, tokens, signing keys."""


def init_app(app: Flask) -> None:
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress the response if the browser accepts it and the size warrants it."""
    if response.mimetype not in TEXTS or request.blueprint in SECRETS:
        return response
    response.vary.add("Accept-Encoding")
    is_whole = response.status_code == 200 or response.status_code >= 400
    if not is_whole or request.method == "HEAD" or not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    octets = response.get_data()
    if len(octets) < LEAST:
        return response
    response.set_data(
        _packed(octets) if request.endpoint == "static" else gzip.compress(octets, LEVEL, mtime=0)
    )
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag is not None:
        response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=32)
def _packed(octets: bytes) -> bytes:
    """Compress a static file at the highest level, once per process."""
    return gzip.compress(octets, 9, mtime=0)
