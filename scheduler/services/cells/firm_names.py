"""Which firm is meant by what somebody typed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.services.cells.columns import plain
from scheduler.services.text import matches, one_line
from scheduler.storage.models import Firm


def firm_meant(session: Session, event_id: int, said: str) -> str:
    """The key of the one firm that has this key or name, or nothing."""
    text = one_line(said)[: fields.limits(fields.FirmName).most]
    if not text:
        return ""
    rows = session.execute(
        select(Firm.key, Firm.name, Firm.latin_name).where(
            Firm.event_id == event_id, matches(text, (Firm.key, Firm.name, Firm.latin_name))
        )
    ).all()
    exact = [key for key, *_ in rows if key == text]
    named = [key for key, *names in rows if plain(text) in {plain(name) for name in names}]
    found = exact or named or ([rows[0].key] if len(rows) == 1 else [])
    return found[0] if len(found) == 1 else ""
