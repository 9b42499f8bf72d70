"""Look of emails as stored in their payloads: that of the event when they are queued.

It is outside of what publications compare, so a changed look is no reason for an email.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.brand import Brand, read_brand
from scheduler.domain.entities import OutboxKind
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Event

KEY: Final = "brand"
"""Key of the look in a payload."""
WITHOUT: Final = frozenset((OutboxKind.ALERT, OutboxKind.SIGN_IN))
"""Emails of the installation, which always have its look."""
_LOGO_WIDTH, _LOGO_HEIGHT = 200, 48


def load_looks(session: Session, event_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the looks of those events that have one, by id."""
    found = select(Event.id, Event.key, Event.name, Event.brand).where(in_chunks(Event.id, set(event_ids)))
    brands = {row.id: read_brand(row.brand, row.key, row.name) for row in session.execute(found) if row.brand}
    return {event_id: look for event_id, brand in brands.items() if (look := email_look(brand))}


def email_look(brand: Brand) -> dict[str, Any]:
    """Return the look of an event's emails as JSON for `EmailLook`, or an empty one."""
    look: dict[str, Any] = {
        name: value for name in ("sender", "accent", "banner") if (value := getattr(brand, name))
    }
    if brand.logo is not None and brand.token:
        width, height = brand.logo.fitted(_LOGO_WIDTH, _LOGO_HEIGHT)
        look |= {"logo": f"{brand.path}/logo.png", "width": width, "height": height}
    return {"event": brand.event_name, **look} if look else {}


def with_look(payload: Mapping[str, Any], look: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the payload with the look, if there is one."""
    return {**payload, KEY: dict(look)} if look else payload
