"""Static files with a content digest in their URLs, so that browsers cache them for a year."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

VERSION = "v"
KEEP = "public, max-age=31536000, immutable"


def init_app(app: Flask) -> None:
    folder = Path(app.static_folder or "")

    @app.url_defaults
    def name_contents(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and VERSION not in values:
            values[VERSION] = digest(folder / values["filename"])

    @app.after_request
    def keep(response: Response) -> Response:
        """Set the cache lifetime of a file.

        A file whose URL has no digest, or an outdated one, is revalidated each time.
        """
        if request.endpoint == "static" and response.status_code == 200:
            filename = (request.view_args or {})["filename"]
            if request.args.get(VERSION) == digest(folder / filename):
                response.headers["Cache-Control"] = KEEP
        return response


@lru_cache(maxsize=64)
def digest(path: Path) -> str:
    """Return a digest of a file's content, which does not change while the process lives."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "none"
