"""Pagination: the requested page, and links to the others."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask, request

from api.inputs import whole
from scheduler.services.paging import Page

AROUND = 2
"""Page numbers on each side of the current one, besides the first and the last."""


def asked_number() -> int:
    """Return the page number in the query string, by default 1."""
    return max(1, whole(request.args.get("page")))


def at_page(number: int) -> str:
    """Return the current URL for another page."""
    wanted = [(name, value) for name, value in request.args.items(multi=True) if name != "page" and value]
    wanted += [("page", str(number))] if number > 1 else []
    return f"{request.path}?{urlencode(wanted)}" if wanted else request.path


def page_numbers(page: Page[Any]) -> list[int | None]:
    """Return page numbers to link: the first, the last, and those around the current one. None is a gap."""
    around = range(max(1, page.number - AROUND), min(page.last, page.number + AROUND) + 1)
    numbers = sorted({1, page.last, *around})
    found: list[int | None] = []
    for before, number in zip([0, *numbers], numbers, strict=False):
        if number == before + 2:
            found.append(number - 1)
        elif number > before + 2:
            found.append(None)
        found.append(number)
    return found


def init_app(app: Flask) -> None:
    app.add_template_global(at_page)
    app.add_template_filter(page_numbers)
