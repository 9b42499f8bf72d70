"""Sphinx extension: gives the pages of translated guides their language and writing direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DIRECTIONS = {"ar": "rtl", "hu": "ltr", "zh": "ltr"}
"""Writing directions of the languages that have a folder of guides."""


def mark_language(
    app: Sphinx | None, page: str, template: str, context: dict[str, object], doctree: object
) -> None:
    """Wrap the body of a page in a folder of `DIRECTIONS`. The menus around it stay in English."""
    language = page.partition("/")[0]
    if language in DIRECTIONS and "body" in context:
        context["body"] = f'<div lang="{language}" dir="{DIRECTIONS[language]}">\n{context["body"]}\n</div>'


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", mark_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
