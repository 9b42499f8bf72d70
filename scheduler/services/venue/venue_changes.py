"""Venue changes: apply one, report its effects, then commit or roll back.

Preview and change are the same function; a preview rolls back. Its digest is submitted with the change, so
that only a change with the same effects is saved.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import names
from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import gettext_lazy, ngettext_lazy, place_label, venue_label
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.services.venue import affected_meetings, areas, halls, tables, timetable
from scheduler.services.venue.change_types import (
    AddTables,
    ChangeAreas,
    ChangeDays,
    ChangeGuests,
    ChangeHalls,
    ChangePlaces,
    ChangeResult,
    ChangeWalks,
    ClosePlaces,
    RemoveTables,
    VenueChange,
)
from scheduler.services.venue.effects import (
    VenueEffects,
    compute_effects,
    feasible_meetings,
    load_unfrozen_problem,
)
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Event,
    Firm,
    Hall,
    MeetingRequest,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)
from scheduler.storage.planned_meetings import TIME_AND_PLACE, with_time_and_place

MOST_SHOWN = 200
"""Affected meetings that a preview lists. It counts all."""


@dataclass(frozen=True, slots=True)
class AffectedMeeting:
    """A published meeting that can no longer take place as published, with its published details."""

    request: str
    firms: tuple[str, str]
    start: datetime
    end: datetime
    place: str
    hall: str
    can_relocate: bool
    """True if another place is free at its time."""


@dataclass(frozen=True, slots=True)
class VenueChangePreview:
    """Descriptions of a change, and its effects."""

    said: tuple[str, ...]
    """The change in words; empty if it changes nothing."""
    notes: tuple[str, ...]
    touched: int
    """Published meetings that can no longer take place as published: the next run moves them."""
    elsewhere: int
    """Those of them for which another place is free at the same time."""
    soon: int
    """Those that start so soon that a run leaves them as they are, if their time still exists."""
    renamed: int
    """Meetings whose hall, table or booth gets another name in calendars with the next publishing."""
    meetings: tuple[AffectedMeeting, ...]
    """The first 200 of the affected meetings."""
    digest: str

    @property
    def does_anything(self) -> bool:
        return bool(self.said)


class VenueOutdated(ChainmeetError):
    """Raised if the effects differ from the preview, because something else has changed meanwhile."""

    code = "venue-outdated"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The event has changed since your preview. Preview the change again."))


def preview_change(
    session: Session, actor: Actor, change: VenueChange, *, now: datetime
) -> VenueChangePreview:
    """Apply a venue change and return its effects. For a preview, the caller rolls back.

    Raises InvalidInput with every fault by field of the change.
    """
    actor.require(Right.CHANGE_VENUE)
    session.execute(select(Event.id).where(Event.id == actor.event_id).with_for_update(key_share=True))
    event = session.get_one(Event, actor.event_id)
    version = versions.find_published_version(session, event.id)
    looked = _EffectReader(session, event, version, change) if version is not None else None
    done = _apply_change(session, event, change, now)
    found = VenueEffects()
    if looked is not None and done.said:
        found = looked.effects(frozen_until=event.frozen_until(now))
    recording.record_act(
        session, actor, Act.VENUE, _about(done), before=done.before or {}, after=done.after or {}, now=now
    )
    meetings = _meetings(session, version, found) if version is not None and found.broken else []
    return _preview(session, event, version, done, found, meetings)


def save_change(
    session: Session, actor: Actor, change: VenueChange, *, digest: str, now: datetime
) -> VenueChangePreview:
    """Apply a change if its effects match the preview's digest. Raises VenueOutdated otherwise."""
    look = preview_change(session, actor, change, now=now)
    if look.digest != digest:
        raise VenueOutdated
    return look


def _apply_change(session: Session, event: Event, change: VenueChange, now: datetime) -> ChangeResult:
    match change:
        case ChangeDays():
            return timetable.change_days(session, event, change, now=now)
        case ChangeHalls():
            return halls.change_halls(session, event, change)
        case ChangeWalks():
            return halls.change_walks(session, event, change)
        case AddTables():
            return tables.add_tables(session, event, change)
        case ChangePlaces():
            return tables.change_places(session, event, change)
        case ClosePlaces():
            return tables.close_places(session, event, change, now=now)
        case RemoveTables():
            return tables.remove_tables(session, event, change)
        case ChangeAreas():
            return areas.change_areas(session, event, change)
        case ChangeGuests():
            return areas.change_guests(session, event, change)


class _EffectReader:
    """Reads the requests that a change may affect, before it is applied."""

    def __init__(self, session: Session, event: Event, version: ScheduleVersion, change: VenueChange) -> None:
        self.session, self.event = session, event
        found = affected_meetings.find_affected(session, event, version.id, change)
        self.scope = (
            affected_meetings.load_scope(session, event, version.id, found.staying) if found.staying else None
        )
        self.before = (
            feasible_meetings(load_unfrozen_problem(session, event.id, self.scope))
            if self.scope
            else frozenset[str]()
        )
        self.lost = frozenset[str]()
        if found.lost:
            scope = affected_meetings.load_scope(session, event, version.id, found.lost)
            keys = select(MeetingRequest.key).where(in_chunks(MeetingRequest.id, found.lost))
            self.lost = feasible_meetings(load_unfrozen_problem(session, event.id, scope)).intersection(
                session.scalars(keys)
            )

    def effects(self, *, frozen_until: datetime) -> VenueEffects:
        """Return the effects, after the change is applied."""
        found = VenueEffects()
        if self.scope is not None:
            after = load_unfrozen_problem(self.session, self.event.id, self.scope)
            found = compute_effects(self.before, after, frozen_until=frozen_until)
        return replace(found, broken=found.broken | self.lost)


def _about(done: ChangeResult) -> AuditSubject:
    return pgettext_lazy("audit log", "venue: %(changes)s", changes="; ".join(done.said))


def _preview(
    session: Session,
    event: Event,
    version: ScheduleVersion | None,
    done: ChangeResult,
    found: VenueEffects,
    meetings: Sequence[AffectedMeeting],
) -> VenueChangePreview:
    renamed = _count_at(session, version, done.renamed) if version is not None and done.renamed else 0
    notes = (*done.notes, *_drafts(session, event.id))
    made_of = (done.said, notes, sorted(found.broken), sorted(found.elsewhere), sorted(found.soon), renamed)
    facts = (done.before, done.after, version.id if version else None)
    return VenueChangePreview(
        said=tuple(done.said),
        notes=notes,
        touched=len(found.broken),
        elsewhere=len(found.elsewhere),
        soon=len(found.soon),
        renamed=renamed,
        meetings=tuple(meetings[:MOST_SHOWN]),
        digest=blake2b(repr((made_of, facts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest(),
    )


def _drafts(session: Session, event_id: int) -> list[str]:
    """Return a note if the newest draft has meetings at removed times."""
    number = versions.find_newest_draft(session, event_id)
    if number is None:
        return []
    draft = versions.get_version(session, event_id, number)
    gone = Slot.id.in_((PlannedMeeting.slot_id, PlannedMeeting.last_slot_id)) & Slot.is_retired
    uses = select(func.count(PlannedMeeting.id.distinct())).join(Slot, gone)
    count = session.scalar(uses.where(PlannedMeeting.version_id == draft.id)) or 0
    if not count:
        return []
    return [
        ngettext_lazy(
            "Draft %(number)s has %(num)s meeting in removed slots and can no longer be "
            "published. Start a run after this change.",
            "Draft %(number)s has %(num)s meetings in removed slots and can no longer be "
            "published. Start a run after this change.",
            count,
            number=str(number),
        )
    ]


def _count_at(session: Session, version: ScheduleVersion, places: Collection[int]) -> int:
    """Count the version's meetings at these places."""
    at = PlannedMeeting.version_id == version.id, in_chunks(PlannedMeeting.place_id, places)
    return session.scalar(select(func.count()).select_from(PlannedMeeting).where(*at)) or 0


def _meetings(session: Session, version: ScheduleVersion, found: VenueEffects) -> list[AffectedMeeting]:
    """Return the first broken meetings, in time order."""
    sender, receiver = aliased(Firm), aliased(Firm)
    query = (
        select(
            MeetingRequest.key,
            sender.name,
            sender.latin_name,
            receiver.name,
            receiver.latin_name,
            *TIME_AND_PLACE,
            Hall.names,
        )
        .select_from(PlannedMeeting)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(sender, sender.id == MeetingRequest.from_firm_id)
        .join(receiver, receiver.id == MeetingRequest.to_firm_id)
    )
    rows = session.execute(
        with_time_and_place(query)
        .where(PlannedMeeting.version_id == version.id, in_chunks(MeetingRequest.key, found.broken))
        .order_by(Slot.start, MeetingRequest.id)
        .limit(MOST_SHOWN)
    )
    return [
        AffectedMeeting(
            request=key,
            firms=(names.display_both(name, latin, "en"), names.display_both(other, other_latin, "en")),
            start=start,
            end=end,
            place=place_label(place),
            hall=venue_label(hall, hall_names),
            can_relocate=key in found.elsewhere,
        )
        for key, name, latin, other, other_latin, start, end, place, hall, hall_names in rows
    ]
