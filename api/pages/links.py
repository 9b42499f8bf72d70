"""Cached `url_for` for templates, because a list has a hundred links."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, has_request_context, request, url_for

KEPT = 16_384
"""Size of a process's cache."""


def init_app(app: Flask) -> None:
    @lru_cache(KEPT)
    def built(_root: str, endpoint: str, values: tuple[tuple[str, str], ...]) -> str:
        given: dict[str, Any] = dict(values)
        return url_for(endpoint, **given)

    def path(endpoint: str, **values: Any) -> str:
        """Return the URL like `flask.url_for`.

        URLs that depend on more than the arguments and the script root are not cached.
        """
        for name, value in values.items():
            if type(value) is not str or name[0] == "_":
                return url_for(endpoint, **values)
        if endpoint[0] == "." or not has_request_context():
            return url_for(endpoint, **values)
        return built(request.script_root, endpoint, tuple(values.items()))

    app.jinja_env.globals["url_for"] = path
