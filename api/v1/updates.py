"""Lists of changed items: the parameter `updated_since` as services take it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api import context
from api.v1.schemas.base import PageQuery
from scheduler.services.paging import Updates


def with_updates(query: PageQuery) -> dict[str, Any]:
    """Return the parameters of a list by name, with `updates` instead of `updated_since`."""
    given = dict(query)
    updates = find_updates(given.pop("updated_since"))
    return given | {"updates": updates}


def find_updates(since: datetime | None) -> Updates | None:
    return None if since is None else Updates(since, context.now())
