"""An event with its slots and halls, for the API."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.i18n import venue_label
from scheduler.services.directory.references import SlotRef, list_slots
from scheduler.services.events import events
from scheduler.services.events.events import EventCard
from scheduler.services.identity.actors import Actor
from scheduler.storage.models import Firm, Hall


@dataclass(frozen=True, slots=True)
class HallRef:
    """A hall of the event."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event's details. `firm` is the key of the actor's own firm, or None."""

    event: EventCard
    slots: tuple[SlotRef, ...]
    halls: tuple[HallRef, ...]
    firm: str | None


def get_event_facts(session: Session, actor: Actor) -> EventFacts:
    """Return the actor's event."""
    halls = select(Hall.key, Hall.name, Hall.names).where(Hall.event_id == actor.event_id)
    own = select(Firm.key).where(Firm.id == actor.firm_id)
    return EventFacts(
        event=events.get_event(session, actor),
        slots=tuple(list_slots(session, actor.event_id)),
        halls=tuple(
            HallRef(key, venue_label(name, names))
            for key, name, names in session.execute(halls.order_by(Hall.position))
        ),
        firm=session.scalar(own) if actor.firm_id is not None else None,
    )
