"""Common times: slots in which both firms have someone free."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import HolderKind
from scheduler.services.availability import unavailable_slots
from scheduler.services.directory.references import load_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Booking, Firm
from scheduler.storage.rows import rows_of

MOST = 200
"""Firms per call."""


_EVENT: BindParameter[int] = bindparam("event")
_PEOPLE = (
    select(Attendee.id, Firm.id, Firm.key)
    .join(Firm, Firm.id == Attendee.firm_id)
    .where(
        Firm.event_id == _EVENT,
        in_chunks(Firm.key, bindparam("firms")) | (Firm.id == bindparam("own")),
        Attendee.withdrawn_at.is_(None),
    )
)
_HELD = select(Booking.holder_id, Booking.slot_id).where(
    Booking.event_id == _EVENT,
    Booking.kind == HolderKind.ATTENDEE,
    in_chunks(Booking.holder_id, bindparam("people")),
)


def common_slots(session: Session, actor: Actor, firm_keys: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Return keys of the slots in which both firms have someone free, by firm key.

    A person is free without a busy time or a published meeting. Who is free is not revealed. Runs at most six
    queries. Empty for actors without a firm.
    """
    actor.require(Right.READ_DIRECTORY)
    wanted = sorted(set(firm_keys))[:MOST]
    if actor.firm_id is None or not wanted:
        return {}
    of_event = {"event": actor.event_id}
    rows = rows_of(session, _PEOPLE, firms=wanted, own=actor.firm_id, **of_event).all()
    people: dict[int, list[int]] = {}
    for attendee_id, firm_id, _ in rows:
        people.setdefault(firm_id, []).append(attendee_id)
    ids = [row[0] for row in rows]
    away = unavailable_slots.list_unavailable_slots(session, actor.event_id, ids)
    for attendee_id, slot_id in rows_of(session, _HELD, people=ids, **of_event):
        away.setdefault(attendee_id, set()).add(slot_id)
    slots = load_slots(session, actor.event_id).by_id

    def free(firm_id: int) -> set[str]:
        of_firm = [away.get(each, set()) for each in people.get(firm_id, ())]
        if not of_firm:
            return set()
        taken_by_all = set.intersection(*of_firm)
        return {slot.key for slot_id, slot in slots.items() if slot_id not in taken_by_all}

    own = free(actor.firm_id)
    keys = {firm_id: key for _, firm_id, key in rows if firm_id != actor.firm_id}
    return {key: frozenset(own & free(firm_id)) for firm_id, key in keys.items()}
