"""Delegations and shared booths of the demo expo.

Only the demo adds them, to the rows that `load_sample.load` wrote. Events that are generated for benchmarks
have none, so that their figures stay comparable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind
from scheduler.samples.names.tables import country_table
from scheduler.storage.models import (
    Attendee,
    Delegation,
    DelegationFirm,
    DelegationPerson,
    Event,
    Firm,
    Place,
    PlaceClosure,
)

FIRMS = 620
STANDS, DELEGATIONS = 60, 40
"""Numbers for FIRMS firms. They are scaled to the size of the expo."""
MEMBERS = 9
"""Maximum number of firms in a delegation."""
FEWEST = 3
ESCORTS = ("李娜 Li Na", "张伟 Zhang Wei", "Kovács Éva", "Anna Gruber", "陈晨 Chen Chen", "Marta Nowak")
PHONE = "+1 202 555 01{:02d}"
"""Fictitious numbers: 555-0100 to 555-0199 are reserved for fiction."""


def come_together(session: Session, event: Event) -> tuple[int, int]:
    """Create shared booths and delegations, and return the number of each. Deterministic for an event."""
    firms = session.scalars(select(Firm).where(Firm.event_id == event.id).order_by(Firm.id)).all()
    stands = share_stands(session, firms, len(firms) * STANDS // FIRMS)
    delegations = travel_together(session, event, firms, len(firms) * DELEGATIONS // FIRMS)
    session.flush()
    return stands, delegations


def share_stands(session: Session, firms: Sequence[Firm], count: int) -> int:
    """Let firms give up their booth and share that of another firm of the same country and hall.

    The capacity of the host's booth becomes the sum of both.
    """
    own = Place.firm_id.in_([firm.id for firm in firms]), Place.kind == PlaceKind.BOOTH
    booths = {place.firm_id: place for place in session.scalars(select(Place).where(*own))}
    neighbours: dict[tuple[str, int | None], list[Firm]] = defaultdict(list)
    for firm in firms:
        if firm.id in booths:
            neighbours[firm.country, firm.hall_id].append(firm)
    pairs = [
        (host, guest)
        for near in neighbours.values()
        for host, guest in zip(near[::2], near[1::2], strict=False)
    ]
    step = max(1, len(pairs) // max(count, 1))
    chosen = pairs[::step][:count]
    for host, guest in chosen:
        left = booths[guest.id]
        booths[host.id].capacity += left.capacity
        guest.host_id = host.id
        session.execute(delete(PlaceClosure).where(PlaceClosure.place_id == left.id))
        session.delete(left)
    return len(chosen)


def travel_together(session: Session, event: Event, firms: Sequence[Firm], count: int) -> int:
    """Create delegations of chambers abroad, then of areas of the host country's supply chain."""
    leaders: dict[int, Attendee] = {}
    people = select(Attendee).where(Attendee.event_id == event.id)
    known = session.scalars(people.order_by(Attendee.is_exhibitor.desc(), Attendee.id)).all()
    others = [person for person in known if leaders.setdefault(person.firm_id, person) is not person]
    made = 0
    for name, origin, members in _groups(event, firms):
        if made == count:
            break
        made += 1
        found = Delegation(
            event_id=event.id,
            key=f"g{made}",
            name=name,
            origin=origin,
            leader_id=leaders[members[0].id].id,
            escort=ESCORTS[made % len(ESCORTS)],
            escort_phone=PHONE.format(made % 100),
        )
        session.add(found)
        session.flush()
        session.add_all(DelegationFirm(delegation_id=found.id, firm_id=firm.id) for firm in members)
        together = {firm.id for firm in members}
        alone = next((each for each in others[made:] if each.firm_id not in together), None)
        if alone is not None and made % 4 == 0:
            session.add(DelegationPerson(delegation_id=found.id, attendee_id=alone.id))
    return made


def _groups(event: Event, firms: Sequence[Firm]) -> Iterator[tuple[str, str, list[Firm]]]:
    """Yield name, origin and firms of delegations, foreign ones first."""
    by_country: dict[str, list[Firm]] = defaultdict(list)
    by_area: dict[str, list[Firm]] = defaultdict(list)
    most = max({firm.country for firm in firms}, key=[firm.country for firm in firms].count)
    for firm in firms:
        if firm.country != most:
            by_country[firm.country].append(firm)
        elif firm.areas:
            by_area[firm.areas[0]].append(firm)
    for code, members in by_country.items():
        country = country_table(code).name
        yield from _parts(f"Chamber of Commerce of {country}", country, members)
    home = country_table(most).name
    for area, members in by_area.items():
        yield from _parts(f"Association of {event.areas.get(area, area)}", home, members)


def _parts(name: str, origin: str, members: list[Firm]) -> Iterator[tuple[str, str, list[Firm]]]:
    for part, first in enumerate(range(0, len(members), MEMBERS), 1):
        own = members[first : first + MEMBERS]
        if len(own) >= FEWEST:
            yield name if part == 1 else f"{name}, group {part}", origin, own
