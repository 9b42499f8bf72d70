"""Compression of text (gzip, RFC 9110, 8.4.1.3), for browsers in a hall's slow network.

The length of a compressed page reveals a secret in it to somebody who can choose words beside it (BREACH). A
session's CSRF token is not such a secret, because each page has it signed again with the time. Pages with
addresses or tokens that give access by themselves are sent uncompressed.

A hall's network is slow, but compression of a page that holds a secret tells its length to who may choose
words beside it (BREACH). So static files have addresses of their contents, which browsers keep for a year,
and text is compressed, but for pages with addresses or tokens that open something by themselves: each new
view of that kind has to be in the list.
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
"""Octets below which it is not worth it."""
LEVEL = 1
"""A tenth larger than by level 6, in a third of the time."""
SECRETS = frozenset(
    ("agenda", "reply_links", "calendar", "feed", "sessions", "sign_in", "summary_unsubscribe", "tokens")
)
"""Blueprints whose answers hold what opens something by itself: feeds, links of mails, tokens."""


def init_app(app: Flask) -> None:
    app.after_request(compress)


def compress(response: Response) -> Response:
    """The answer, compressed if the browser takes it and it is worth it."""
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
    """A static file, as small as it gets: once a process."""
    return gzip.compress(octets, 9, mtime=0)
