"""Chinese pages: no space after a full-width punctuation mark, which is as wide as a mark and a space.

Templates part sentences, and a label from its value, by a space or a new line with its indentation.
"""

from __future__ import annotations

import re

from flask import Response

_SPACE = re.compile(
    "([，。、：；！？）](?:</(?:a|b|em|span|strong)>)*)(?: +|\n +)"
    '(?!<(?:button|input|select)|<a class="button)'  # buttons keep their distance
)


def close_up(response: Response) -> Response:
    """Remove the spaces after full-width punctuation marks from a Chinese page."""
    if response.mimetype == "text/html" and not response.direct_passthrough:
        response.set_data(without_spaces(response.get_data(as_text=True)))
    return response


def without_spaces(page: str) -> str:
    """Return a Chinese page, or a part of one, without spaces after full-width punctuation marks."""
    return _SPACE.sub(_closed, page)


def _closed(found: re.Match[str]) -> str:
    """Keep the space in an attribute and in a text area, because both are what people typed."""
    page, at = found.string, found.start()
    tag = page.rfind("<", 0, at)
    is_typed = tag >= 0 and (page.startswith("<textarea", tag) or page.find(">", tag, at) < 0)
    return found[0] if is_typed else found[1]
