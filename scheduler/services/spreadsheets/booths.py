"""Booths of firms: a firm with a new booth leaves its old one, which is retired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind, VersionState
from scheduler.i18n import gettext_lazy
from scheduler.services.spreadsheets.table import Row
from scheduler.storage.models import (
    Firm,
    MeetingRequest,
    Place,
    PlaceClosure,
    PlannedMeeting,
    ScheduleVersion,
)


@dataclass(slots=True)
class Booths:
    """Places of an event by key, and the current booths of each firm."""

    session: Session
    event_id: int
    places: dict[str, Place]
    owned: dict[int, list[Place]] = field(default_factory=lambda: defaultdict(list))
    moved: set[int] = field(default_factory=set)
    """Firms that got another booth, or none."""
    left: set[int] = field(default_factory=set)
    """Places that are no longer a booth of their former firm."""

    @classmethod
    def load(cls, session: Session, event_id: int) -> Booths:
        places = session.scalars(select(Place).where(Place.event_id == event_id).order_by(Place.id)).all()
        found = cls(session, event_id, {place.key: place for place in places})
        for place in places:
            if place.firm_id is not None and not place.is_retired:
                found.owned[place.firm_id].append(place)
        return found

    def check(self, rows: Iterable[tuple[Row, str]], firms: Mapping[str, Firm]) -> None:
        """Report a booth of another firm as a fault, unless that firm moves in the same file."""
        wanted = {row.values.get("key", ""): (row, booth) for row, booth in rows}
        owners = {firm.id: key for key, firm in firms.items()}
        first: dict[str, int] = {}
        for key, (row, booth) in wanted.items():
            if not booth:
                continue
            if first.setdefault(booth, row.line) != row.line:
                row.fault(
                    "booth",
                    gettext_lazy(
                        "%(booth)s is already in row %(first)s", booth=repr(booth), first=first[booth]
                    ),
                )
            place = self.places.get(booth)
            if place is None or place.is_retired:
                continue
            owner = owners.get(place.firm_id or 0, "")
            if owner != key and (owner not in wanted or wanted[owner][1] == booth):
                row.fault("booth", gettext_lazy("%(booth)s is already another location", booth=repr(booth)))

    def give(self, firm: Firm, booth: str) -> bool:
        """Set a firm's booth, or remove it if empty. Return True if that changes anything."""
        before = self.owned[firm.id]
        place = self.places.get(booth) if booth else None
        if ([] if place is None else [place]) == before and bool(booth) == bool(before):
            return False
        old = [other for other in before if other is not place]
        if booth:
            place = self._take(firm, booth, sum(other.capacity for other in old))
        if before:
            self.moved.add(firm.id)
        for other in old:
            self.left.add(other.id)
            other.is_retired = True
        self.owned[firm.id] = [place] if place is not None else []
        return True

    def follow_hall(self, firm: Firm) -> bool:
        """Move a firm's booths to its hall. Return True if any was elsewhere."""
        if firm.hall_id is None:
            return False
        elsewhere = [place for place in self.owned[firm.id] if place.hall_id != firm.hall_id]
        for place in elsewhere:
            place.hall_id = firm.hall_id
        return bool(elsewhere)

    def _take(self, firm: Firm, booth: str, capacity: int) -> Place:
        """Assign a place to the firm: a new one, or one that another firm leaves."""
        place = self.places.get(booth)
        if place is None:
            place = Place(
                event_id=self.event_id,
                key=booth,
                name=f"Booth {booth}",
                hall_id=firm.hall_id,
                kind=PlaceKind.BOOTH,
                firm_id=firm.id,
                capacity=max(capacity, 1),
            )
            self.session.add(place)
            self.places[booth] = place
            return place
        if place.firm_id is not None and place.firm_id != firm.id:
            self.left.add(place.id)
            self.moved.add(place.firm_id)
            others = self.owned[place.firm_id]
            self.owned[place.firm_id] = [other for other in others if other is not place]
            place.name = f"Booth {booth}"
        place.firm_id, place.hall_id, place.is_retired = firm.id, firm.hall_id or place.hall_id, False
        return place

    def meetings_left(self) -> int:
        """Return the number of published meetings at places that their firm has left."""
        if not self.left:
            return 0
        count = (
            select(func.count())
            .select_from(PlannedMeeting)
            .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
            .where(
                ScheduleVersion.event_id == self.event_id,
                ScheduleVersion.state == VersionState.PUBLISHED,
                PlannedMeeting.place_id.in_(self.left),
            )
        )
        return self.session.scalar(count) or 0

    def forget_unused(self) -> None:
        """Delete retired places without references."""
        used = or_(
            exists().where(PlannedMeeting.place_id == Place.id),
            exists().where(MeetingRequest.fixed_place_id == Place.id),
        )
        query = select(Place).where(Place.event_id == self.event_id, Place.is_retired, ~used)
        unused = {place.id: place for place in self.session.scalars(query)}
        closed = select(PlaceClosure).where(PlaceClosure.place_id.in_(unused))
        for row in self.session.scalars(closed) if unused else ():
            self.session.delete(row)
        self.session.flush()
        for place in unused.values():
            self.session.delete(place)
        self.session.flush()
