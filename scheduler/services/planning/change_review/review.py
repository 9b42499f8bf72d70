"""Review of a version's changes: each with its cause and the schedules of its people, filtered and paged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.changes import ChangeKind, compare_plans
from scheduler.domain.entities import RequestState, VersionState
from scheduler.files.change_rows import ChangeCodes, ChangeRow, change_code
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page, page_of_reader
from scheduler.services.planning.change_review import cached_changes, person_weeks
from scheduler.services.planning.change_review.parties import PartyChanges, group_by_party
from scheduler.services.planning.change_review.reviewed_change import (
    GROUP_BY_LETTER,
    ChangeGroup,
    PartyKind,
    ReviewedChange,
)
from scheduler.services.problems import manual_edits
from scheduler.services.publishing import comparisons
from scheduler.services.schedule import history, versions
from scheduler.services.schedule.history import VersionCard
from scheduler.services.schedule.labels import Labels, load_labels
from scheduler.services.text import clean_line, match_condition
from scheduler.storage.database import once_per_session
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Comparison,
    Firm,
    MeetingRequest,
    Place,
    ScheduleVersion,
    Slot,
)

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class ChangeReview:
    """A page of changes from one version to another.

    `notified` is the number of people whom publishing the draft notifies, `mails` that of the emails, and
    `summaries` that of the summaries among them.
    """

    version: VersionCard
    against: VersionCard | None
    created_at: datetime | None
    people: int | None
    notified: int | None
    mails: int | None
    summaries: int | None
    counts: Mapping[ChangeGroup, int]
    unchanged: int
    rejected: int
    page: Page[ReviewedChange]
    """Empty if changes are listed by firm or person."""
    sides: Page[PartyChanges] | None
    total: int
    """Changes that match the query."""
    previously_rejected: Sequence[str]
    """Requests held back that are not among these changes: rejected in earlier drafts."""
    labels: Labels
    versions: Sequence[VersionCard]
    """Versions available for comparison."""


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """Filters of a review: text in a name, group (None: all), version to compare with, grouping by firm or
    person.
    """

    text: str = ""
    group: ChangeGroup | None = None
    against: int | None = None
    by: PartyKind | None = None


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """Differences between two versions, with the stored comparison. `marks` holds the code of each change."""

    base: ScheduleVersion | None
    found: Comparison | None
    unchanged: int
    marks: ChangeCodes
    read: Callable[[Sequence[int]], list[ChangeRow]]
    """Loads the changes with these numbers, in order."""
    people: Callable[[], Sequence[Sequence[str]]]
    """Loads the person keys of each change."""

    def numbers_of(self, requests: Collection[str]) -> list[int]:
        wanted = set(requests)
        if not wanted:
            return []
        return [number for number, request in enumerate(self.marks.requests) if request in wanted]


def review_changes(
    session: Session, actor: Actor, number: int, ask: ChangeQuery, *, page: int
) -> ChangeReview | None:
    """Return the changes of a version from the published one, or from `ask.against`.

    None until they are compared.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    differences = get_diff(session, actor, version, ask.against)
    if differences is None:
        return None
    counts = {group: differences.marks.letters.count(letter) for letter, group in GROUP_BY_LETTER.items()}
    shown = filter_changes(session, actor, version, differences, ask)
    is_by_side = ask.by is not None

    def read(first: int, most: int) -> Sequence[ReviewedChange]:
        return explain_changes(session, actor, version, differences, shown[first : first + most])

    count, first = (0, 1) if is_by_side else (len(shown), page)
    part = page_of_reader(f"decisions {number}", read, count, number=first, limit=PAGE_SIZE)
    part = part.of(person_weeks.add_weeks(session, version, differences.base, part.items))
    sides = None
    if ask.by is not None:
        deciding = partial(explain_changes, session, actor, version, differences)
        listed = group_by_party(session, version, ask.by, shown, differences.people())
        sides = listed.page(differences.base, deciding, page)
    rows = list(part.items) if sides is None else [each for side in sides.items for each in side.changes]
    found, base = differences.found, differences.base
    previously_rejected = manual_edits.find_previously_rejected(session, actor.event_id)
    changed = {differences.marks.requests[number] for number in differences.numbers_of(previously_rejected)}
    out = [key for key in previously_rejected if key not in changed][:PAGE_SIZE]
    cards = history.list_newest_versions(session, actor, limit=50)
    return ChangeReview(
        version=history.build_card(version),
        against=history.build_card(base) if base is not None else None,
        created_at=found.created_at if found is not None else None,
        people=_attendees(session, actor) if found is not None else None,
        notified=found.people if found is not None else None,
        mails=found.mails if found is not None else None,
        summaries=found.summaries if found is not None else None,
        counts=counts,
        unchanged=differences.unchanged,
        rejected=len(list_rejected(session, actor, version, differences)),
        page=part,
        sides=sides,
        total=len(shown),
        previously_rejected=out,
        labels=label_changes(session, actor, rows, out),
        versions=[card for card in cards if card.number != number],
    )


def get_diff(
    session: Session, actor: Actor, version: ScheduleVersion, against: int | None
) -> VersionDiff | None:
    """Return the stored differences from the published version, or those from another version."""
    if against is None:
        found = comparisons.last_comparison(session, version)
        if found is None:
            return None
        base = (
            versions.get_version(session, actor.event_id, found.compared_with)
            if found.compared_with is not None
            else None
        )
        marks = cached_changes.get_marks(session, found)
        unchanged = found.counts[ChangeKind.UNCHANGED]
        read = partial(cached_changes.get_rows, session, found)
        return VersionDiff(
            base, found, unchanged, marks, read, partial(cached_changes.list_people, session, found)
        )
    base = versions.get_version(session, actor.event_id, against)
    marks, unchanged = cached_changes.get_marks_against(session, version, base)
    compared = partial(_compared, session, version, base, marks)
    people = partial(cached_changes.list_people_against, session, version, base)
    return VersionDiff(base, None, unchanged, marks, compared, people)


def _compared(
    session: Session,
    version: ScheduleVersion,
    base: ScheduleVersion,
    marks: ChangeCodes,
    numbers: Sequence[int],
) -> list[ChangeRow]:
    """Return some changes from one version to another. Reads only their meetings."""
    requests = [marks.requests[number] for number in numbers]
    ids = session.scalars(
        select(MeetingRequest.id).where(
            MeetingRequest.event_id == version.event_id, in_chunks(MeetingRequest.key, requests)
        )
    ).all()
    changes = compare_plans(*(versions.list_meetings(session, each.id, ids) for each in (base, version)))
    found = {change.request: change for change in changes.changes}
    return [(found[request], None) for request in requests]


def explain_changes(
    session: Session,
    actor: Actor,
    version: ScheduleVersion,
    differences: VersionDiff,
    numbers: Sequence[int],
) -> list[ReviewedChange]:
    """Return some changes, by number, with their causes and possible actions."""
    if not numbers:
        return []
    locks = _locks(session, actor)
    previously_rejected = set(manual_edits.find_previously_rejected(session, actor.event_id))
    is_open = version.state is VersionState.DRAFT and differences.found is not None
    found: list[ReviewedChange] = []
    for change, cause in differences.read(numbers):
        lock, before = locks.get(change.request), change.before
        stays = lock is not None and before is not None and lock == (before.slot, before.place)
        is_rejected = stays or (before is None and change.request in previously_rejected)
        by_choice = None if cause is None else cause.by_choice
        found.append(
            ReviewedChange(
                request=change.request,
                group=GROUP_BY_LETTER[change_code(change, cause)],
                before=before,
                after=change.after,
                details=change.details,
                cause=cause,
                is_rejected=is_open and is_rejected,
                may_reject=is_open and (before is None or by_choice is not False),
            )
        )
    return found


def list_rejected(
    session: Session, actor: Actor, version: ScheduleVersion, differences: VersionDiff
) -> list[ReviewedChange]:
    """Return the rejected changes."""
    keys = {*_locks(session, actor), *manual_edits.find_previously_rejected(session, actor.event_id)}
    decided = explain_changes(session, actor, version, differences, differences.numbers_of(keys))
    return [each for each in decided if each.is_rejected]


def filter_changes(
    session: Session, actor: Actor, version: ScheduleVersion, differences: VersionDiff, ask: ChangeQuery
) -> list[int]:
    """Return numbers of the changes in a group whose firms or people match a text, ordered by group."""
    wanted: set[str] = set()
    people: Sequence[Sequence[str]] | None = None
    if clean_line(ask.text):
        wanted, people = _find_people(session, actor, ask.text), differences.people()
    marks = differences.marks
    return [
        number
        for letter, group in GROUP_BY_LETTER.items()
        if (ask.group is None or group is ask.group) and letter in marks.letters
        for number, mark in enumerate(marks.letters)
        if mark == letter and (people is None or not wanted.isdisjoint(people[number]))
    ]


def _find_people(session: Session, actor: Actor, text: str) -> set[str]:
    """Return keys of people whose name, or whose firm's name, contains the text."""
    fields.require_valid("text", text, fields.Search)
    return set(
        session.scalars(
            select(Attendee.key)
            .join(Firm, Firm.id == Attendee.firm_id)
            .where(
                Attendee.event_id == actor.event_id,
                or_(
                    *(
                        match_condition(text, (each.name, each.latin_name, each.key))
                        for each in (Firm, Attendee)
                    )
                ),
            )
        )
    )


def label_changes(
    session: Session, actor: Actor, shown: Sequence[ReviewedChange], others: Sequence[str] = ()
) -> Labels:
    """Return labels of everything that the changes and their causes refer to."""
    requests = {*others, *(each.request for each in shown)}
    for each in shown:
        if each.cause is not None:
            requests.update(each.cause.instead, each.cause.buys)
    meetings = [meeting for each in shown for meeting in (each.before, each.after) if meeting is not None]
    return load_labels(session, actor, requests, meetings)


def _locks(session: Session, actor: Actor) -> dict[str, tuple[str, str | None]]:
    """Return the locked slot and place of accepted requests by key."""
    query = (
        select(MeetingRequest.key, Slot.key, Place.key)
        .join(Slot, Slot.id == MeetingRequest.fixed_slot_id)
        .outerjoin(Place, Place.id == MeetingRequest.fixed_place_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            MeetingRequest.is_locked,
            MeetingRequest.state == RequestState.ACCEPTED,
        )
    )
    rows = once_per_session(session, f"locks {actor.event_id}", lambda: session.execute(query).all())
    return {key: (slot, place) for key, slot, place in rows}


def _attendees(session: Session, actor: Actor) -> int | None:
    return session.scalar(
        select(func.count()).where(Attendee.event_id == actor.event_id, Attendee.withdrawn_at.is_(None))
    )
