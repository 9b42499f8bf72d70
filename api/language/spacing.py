"""Chinese pages: no space after a full-width punctuation mark, which is as wide as a mark and a space.

Templates part sentences, and a label from its value, by a space or a new line. What people typed stays.
"""

from __future__ import annotations

import re

from flask import Response

_SPACE = re.compile(
    "([，。、：；！？）](?:</(?:a|b|em|span|strong)>)*)[ \n]+"
    '(?!<(?:button|input|select)|<a class="button)'  # buttons keep their distance
)
_OPTIONAL = '<span class="optional">'
"""What follows the label of an optional field, in full-width brackets."""
_TYPED = re.compile('<(?:textarea|span lang|bdi|[a-z]+ class="[^"]*lines)')


def close_up(response: Response) -> Response:
    """Remove the spaces after full-width punctuation marks from a Chinese page."""
    if not response.direct_passthrough:
        response.set_data(without_spaces(response.get_data(as_text=True)))
    return response


def without_spaces(page: str) -> str:
    """Return a Chinese page, or a part of one, without spaces beside full-width punctuation marks."""
    return _SPACE.sub(_closed, page.replace(f" {_OPTIONAL}", _OPTIONAL))


def _closed(found: re.Match[str]) -> str:
    """Keep the space in what people typed: in an attribute, a text area, or a text with own lines."""
    page, at = found.string, found.start()
    start = page.rfind("<", 0, at)
    end = page.find(">", start, at)
    is_typed = start >= 0 and (end < 0 or _TYPED.match(page, start, end) is not None)
    return found[0] if is_typed else found[1]
