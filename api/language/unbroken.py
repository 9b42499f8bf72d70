"""Non-breaking text: 星期三, 7月3日, West Hall 1, 8 min.

For pages only: emails, calendars and files contain plain characters.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from markupsafe import Markup

JOINER, SPACE = "\u2060", "\u00a0"
"""The word joiner (zero width) and the no-break space."""
_DATE = r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?|\d{1,2}日|(?:周|星期)[一二三四五六日天]"
_COUNT = r"\d+(?:分钟|小时|天|秒)"
_PLACE = r"(?:展馆|展位|洽谈桌|馆|桌)\d+(?:号)?|\d+号?(?:展馆|展位|洽谈桌|馆|桌)"
_CHINESE = re.compile(f"{_DATE}|{_COUNT}|{_PLACE}")
_UNIT = re.compile(r"(?<=\d) (?=(?:min|h|perc|óra)\b)")
_NUMBER = re.compile(r"(?<=\w) (?=[A-Za-z]?\d+[A-Za-z]?(?:$|,))")
"""The space before the number at the end of a name: a hall, a table, a day."""

_ADDRESS_PART: Final = re.compile(r"(?<=[@.])(?=.)")
_MAX_LINE: Final = 40
"""Characters of an address that a phone shows on one line."""


def email_address(address: str) -> Markup:
    """Return an email address on one line. A long one may break, after @ and dots first."""
    parts = [address] if len(address) <= _MAX_LINE else _ADDRESS_PART.split(address)
    return Markup("<wbr>").join(
        Markup('<span class="nowrap">{}</span>').format(part) if len(part) <= _MAX_LINE else part
        for part in parts
    )


@lru_cache(4096, typed=True)
def unbroken(text: str) -> str:
    """Return a date, place name or quantity with line breaks inside it suppressed."""
    joined = _NUMBER.sub(SPACE, _UNIT.sub(SPACE, str(text)))
    joined = _CHINESE.sub(lambda found: JOINER.join(found[0]), joined)
    return text.__class__(joined)  # keeps Markup escaped
