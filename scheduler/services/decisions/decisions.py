"""The changes of a version, each with its cause and the weeks of its people: searched, filtered, by pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import fields
from scheduler.domain.changes import ChangeKind, compare
from scheduler.domain.entities import RequestState, VersionState
from scheduler.domain.rules.causes import Cause
from scheduler.files.change_rows import ChangeRow
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.decisions import weeks
from scheduler.services.decisions.sides import SideChanges, by_side
from scheduler.services.decisions.values import ChangeGroup, Decision, SidesOf
from scheduler.services.paging import Page, part_of
from scheduler.services.problems import by_hand
from scheduler.services.publishing import comparisons
from scheduler.services.schedule import history, versions
from scheduler.services.schedule.history import VersionCard
from scheduler.services.schedule.labels import Labels, labels
from scheduler.services.text import matches, one_line
from scheduler.storage.models import Attendee, Comparison, Firm, MeetingRequest, Place, ScheduleVersion, Slot

PAGE = 20


@dataclass(frozen=True, slots=True)
class DecisionLook:
    """A page of the changes from one version to another. `told` is how many people hear from a draft."""

    version: VersionCard
    against: VersionCard | None
    made_at: datetime | None
    people: int | None
    told: int | None
    counts: Mapping[ChangeGroup, int]
    unchanged: int
    rejected: int
    page: Page[Decision]
    """Empty where the changes are listed by firm or person."""
    sides: Page[SideChanges] | None
    total: int
    """Changes that fit the query."""
    held_back: Sequence[str]
    """Requests that are held back and not in these changes: what was rejected of earlier drafts."""
    labels: Labels
    versions: Sequence[VersionCard]
    """Those that it can be compared with."""


@dataclass(frozen=True, slots=True)
class DecisionQuery:
    """What to show: changes with this text in a name, of one group (None: of all), against a version,
    a change, or a firm or person, a row.
    """

    text: str = ""
    group: ChangeGroup | None = None
    against: int | None = None
    by: SidesOf | None = None


@dataclass(frozen=True, slots=True)
class Differences:
    """All that differs, with what it was compared by."""

    base: ScheduleVersion | None
    found: Comparison | None
    rows: Sequence[ChangeRow]
    unchanged: int


def look(
    session: Session, actor: Actor, number: int, ask: DecisionQuery, *, page: int
) -> DecisionLook | None:
    """The changes of a version against the published one, or any other. None until they are compared."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get(session, actor.event_id, number)
    differences = differences_of(session, actor, version, ask.against)
    if differences is None:
        return None
    decided = decide(session, actor, version, differences)
    counts = dict.fromkeys(ChangeGroup, 0)
    for each in decided:
        counts[each.group] += 1
    rejected = sum(each.is_rejected for each in decided)
    shown = narrowed(session, actor, decided, ask)

    def read(first: int, most: int) -> Sequence[Decision]:
        return shown[first : first + most]

    is_by_side = ask.by is not None
    count = 0 if is_by_side else len(shown)
    part = part_of(f"decisions {number}", read, count, number=1 if is_by_side else page, limit=PAGE)
    part = part.of(weeks.of_people(session, version, differences.base, part.items))
    sides = None
    if ask.by is not None:
        sides = by_side(session, version, differences.base, shown, ask.by, page=page)
    rows = list(part.items) if sides is None else [each for side in sides.items for each in side.changes]
    found, base = differences.found, differences.base
    changed = {each.request for each in decided}
    out = [key for key in by_hand.held_back(session, actor.event_id) if key not in changed][:PAGE]
    cards = history.newest(session, actor, limit=50)
    return DecisionLook(
        version=history.card(version),
        against=history.card(base) if base is not None else None,
        made_at=found.made_at if found is not None else None,
        people=_attendees(session, actor) if found is not None else None,
        told=found.people if found is not None else None,
        counts=counts,
        unchanged=differences.unchanged,
        rejected=rejected,
        page=part,
        sides=sides,
        total=len(shown),
        held_back=out,
        labels=named(session, actor, rows, out),
        versions=[card for card in cards if card.number != number],
    )


def differences_of(
    session: Session, actor: Actor, version: ScheduleVersion, against: int | None
) -> Differences | None:
    """What differs from the version that people have, as it was kept, or from another one."""
    if against is None:
        found = comparisons.last(session, version)
        if found is None:
            return None
        base = (
            versions.get(session, actor.event_id, found.compared_with)
            if found.compared_with is not None
            else None
        )
        rows = comparisons.with_causes(session, found)
        return Differences(base, found, rows, found.counts[ChangeKind.UNCHANGED])
    base = versions.get(session, actor.event_id, against)
    changes = compare(versions.meetings(session, base.id), versions.meetings(session, version.id))
    differing = [change for change in changes.changes if change.kind is not ChangeKind.UNCHANGED]
    return Differences(
        base, None, [(change, None) for change in differing], changes.counts[ChangeKind.UNCHANGED]
    )


def decide(
    session: Session, actor: Actor, version: ScheduleVersion, differences: Differences
) -> list[Decision]:
    """The changes with what can be done about each, those by choice first."""
    locks = _locks(session, actor)
    held_back = set(by_hand.held_back(session, actor.event_id))
    is_open = version.state is VersionState.DRAFT and differences.found is not None
    found: list[Decision] = []
    for change, cause in differences.rows:
        group = _group(change.kind, cause)
        lock, before = locks.get(change.request), change.before
        stays = lock is not None and before is not None and lock == (before.slot, before.place)
        is_rejected = stays or (before is None and change.request in held_back)
        found.append(
            Decision(
                request=change.request,
                group=group,
                before=before,
                after=change.after,
                details=change.details,
                cause=cause,
                is_rejected=is_open and is_rejected,
                may_reject=is_open and (before is None or cause is None or cause.by_choice),
            )
        )
    order = list(ChangeGroup)
    return sorted(found, key=lambda each: order.index(each.group))


def narrowed(
    session: Session, actor: Actor, decided: Sequence[Decision], ask: DecisionQuery
) -> list[Decision]:
    """Those of a group, and those whose firms or people have a text in their names."""
    rows = [each for each in decided if ask.group is None or each.group is ask.group]
    if not one_line(ask.text):
        return rows
    fields.require("text", ask.text, fields.Search)
    one, two = aliased(Firm), aliased(Firm)
    requests = set(
        session.scalars(
            select(MeetingRequest.key)
            .join(one, one.id == MeetingRequest.from_firm_id)
            .join(two, two.id == MeetingRequest.to_firm_id)
            .where(
                MeetingRequest.event_id == actor.event_id,
                or_(*(matches(ask.text, (firm.name, firm.latin_name, firm.key)) for firm in (one, two))),
            )
        )
    )
    people = set(
        session.scalars(
            select(Attendee.key).where(
                Attendee.event_id == actor.event_id,
                matches(ask.text, (Attendee.name, Attendee.latin_name, Attendee.key)),
            )
        )
    )
    return [each for each in rows if each.request in requests or not people.isdisjoint(each.people)]


def named(session: Session, actor: Actor, shown: Sequence[Decision], others: Sequence[str] = ()) -> Labels:
    """The names of all that these changes, and their causes, speak of."""
    requests = {*others, *(each.request for each in shown)}
    for each in shown:
        if each.cause is not None:
            requests.update(each.cause.instead, each.cause.buys)
    meetings = [meeting for each in shown for meeting in (each.before, each.after) if meeting is not None]
    return labels(session, actor, requests, meetings)


def _group(kind: ChangeKind, cause: Cause | None) -> ChangeGroup:
    if kind is ChangeKind.ADDED:
        return ChangeGroup.NEW
    if kind is ChangeKind.CANCELLED:
        return ChangeGroup.ENDS
    if cause is None:
        return ChangeGroup.CHANGED
    return ChangeGroup.CHOICE if cause.by_choice else ChangeGroup.HAD_TO


def _locks(session: Session, actor: Actor) -> dict[str, tuple[str, str | None]]:
    """The slot and the place that accepted requests are locked to."""
    rows = session.execute(
        select(MeetingRequest.key, Slot.key, Place.key)
        .join(Slot, Slot.id == MeetingRequest.fixed_slot_id)
        .outerjoin(Place, Place.id == MeetingRequest.fixed_place_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            MeetingRequest.fixed_must,
            MeetingRequest.state == RequestState.ACCEPTED,
        )
    )
    return {key: (slot, place) for key, slot, place in rows}


def _attendees(session: Session, actor: Actor) -> int | None:
    return session.scalar(
        select(func.count()).where(Attendee.event_id == actor.event_id, Attendee.withdrawn_at.is_(None))
    )
