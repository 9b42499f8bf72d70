"""Static files at addresses that name their contents, so that a browser keeps them for a year."""

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
        """Set how long a file is cached.

        One whose address has no digest, or another one, is checked each time.
        """
        if request.endpoint == "static" and response.status_code == 200:
            filename = (request.view_args or {})["filename"]
            if request.args.get(VERSION) == digest(folder / filename):
                response.headers["Cache-Control"] = KEEP
        return response


@lru_cache(maxsize=64)
def digest(path: Path) -> str:
    """A name for the contents of a file, which stay the same while the process lives."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else "none"
