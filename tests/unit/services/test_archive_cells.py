"""Texts of an archive, which may be hostile, contain no delimiters of rows."""

from __future__ import annotations

from scheduler.services.events.archives.json_values import decode_value
from scheduler.storage.cache.cache_keys import END, PART
from scheduler.storage.models import Firm


def test_a_text_keeps_no_separator() -> None:
    column = Firm.__table__.c.name
    assert decode_value(column, f"Great{PART} Harvest{END} 大丰", "firm 1") == "Great Harvest 大丰"
