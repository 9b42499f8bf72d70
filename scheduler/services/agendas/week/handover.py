"""Handover of a meeting to a colleague.

A handover changes the people that the request names. The next plan follows it, and no calendar changes before
the next publication. Editing the published version instead would take effect at once, but would be a second
way to change what calendars show: it would make concurrent drafts and comparisons stale, and would need the
rules for languages, walks and limits outside the plan.

A meeting within the event's freeze cannot be handed over. After a handover is cancelled, the request names
the people of the published meeting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.domain.errors import NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.agendas.week.week import Week, WeekMeeting, WeekPerson
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.replies import substitutes
from scheduler.services.schedule.agendas import AgendaItem
from scheduler.services.text import is_storable
from scheduler.storage.models import (
    Attendee,
    Firm,
    MeetingRequest,
)


@dataclass(frozen=True, slots=True)
class HandoverCandidate:
    """A colleague who could take over a meeting.

    `clash` is the colleague's own meeting at that time, and `is_busy` is True if they are busy then.
    `in_common` are the languages that they share with at least one person of the partner.
    """

    colleague: WeekPerson
    clash: AgendaItem | None
    is_busy: bool
    in_common: tuple[str, ...]

    @property
    def is_free(self) -> bool:
        return self.clash is None and not self.is_busy


def list_candidates(week: Week, meeting: WeekMeeting) -> tuple[HandoverCandidate, ...]:
    """Return the colleagues who could take over the meeting, available ones first. No queries."""
    item = meeting.item
    theirs = {tag for each in item.partner_people for tag in meeting.details.spoken.get(each.key, ())}
    found = [
        HandoverCandidate(
            colleague=each,
            clash=_clash(week.part.items, item, each),
            is_busy=any(item.start <= start < item.end for start in each.busy),
            in_common=tuple(tag for tag in each.spoken if tag in theirs),
        )
        for each in week.people
        if each.person not in (*item.people, *meeting.handed_to)
        and each.person.key not in meeting.replies.excluded
    ]
    return tuple(sorted(found, key=lambda each: (not each.is_free, not each.in_common)))


def _clash(items: Sequence[AgendaItem], item: AgendaItem, each: WeekPerson) -> AgendaItem | None:
    """Return the colleague's meeting at the same time, or None. Cancelled meetings are ignored."""
    return next(
        (
            other
            for other in items
            if each.person in other.people
            and not other.is_called_off
            and other.start < item.end
            and other.end > item.start
        ),
        None,
    )


def hand_over(
    session: Session, actor: Actor, request_key: str, leaver: str, colleague: str, *, now: datetime
) -> None:
    """Replace a participant of the meeting by a colleague in the next plan.

    Calendars are updated when that plan is published, as with any change of people. Raises NotAllowed,
    NotFound, and WrongState for a meeting that is cancelled, starts too soon for a plan to change it, or has
    other people by now.
    """
    request, planned = _meeting(session, actor, request_key, now)
    side = Side.FROM if request.from_firm_id == actor.firm_id else Side.TO
    going = substitutes.attendees_of_next_plan(request, side, frozenset(planned))
    people = _own_people(session, actor, (leaver, colleague))
    if people[leaver] not in going or people[colleague] in going:
        raise WrongState("meeting", request_key, "in other hands by now", "handed over")
    if people[colleague] in {row.attendee_id for row in request.excluded}:
        raise WrongState("meeting", request_key, "declined by this colleague", "handed to them")
    substitutes.name_people(request, side, going - {people[leaver]} | {people[colleague]})
    about = pgettext_lazy(
        "audit log",
        "request %(key)s handed over: %(old)s -> %(new)s",
        key=request_key,
        old=leaver,
        new=colleague,
    )
    _note(session, actor, about, now)


def cancel_handover(session: Session, actor: Actor, request_key: str, *, now: datetime) -> None:
    """Cancel a handover: the next plan keeps the people of the published meeting.

    Raises the same errors as `hand_over`.
    """
    request, planned = _meeting(session, actor, request_key, now)
    side = Side.FROM if request.from_firm_id == actor.firm_id else Side.TO
    substitutes.name_people(request, side, planned)
    about = pgettext_lazy("audit log", "request %(key)s: handover cancelled", key=request_key)
    _note(session, actor, about, now)


def _meeting(
    session: Session, actor: Actor, request_key: str, now: datetime
) -> tuple[MeetingRequest, set[int]]:
    """Return the request, locked, and the ids of the firm's attendees in its published meeting."""
    actor.require(
        Right.REQUEST_MEETINGS,
        firm_id=actor.firm_id,
        sentence=gettext_lazy("Only company contacts can hand over their company's meetings."),
    )
    request = None
    if is_storable(request_key) and actor.firm_id is not None:
        request = session.scalar(
            select(MeetingRequest)
            .where(
                MeetingRequest.event_id == actor.event_id,
                MeetingRequest.key == request_key,
                (MeetingRequest.from_firm_id == actor.firm_id) | (MeetingRequest.to_firm_id == actor.firm_id),
            )
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    if request is None or actor.firm_id is None:
        raise NotFound("meeting", request_key)
    if request.state is not RequestState.ACCEPTED:
        raise WrongState("meeting", request_key, request.state.value, "handed over")
    seated = substitutes.find_seats(session, request, actor.firm_id)
    if seated is None:
        raise WrongState("meeting", request_key, "in no published schedule", "handed over")
    if substitutes.is_too_soon(session, actor.event_id, seated.start, now):
        raise WrongState("meeting", request_key, "too soon for a plan to change it", "handed over")
    return request, set(seated.people)


def _own_people(session: Session, actor: Actor, keys: Sequence[str]) -> dict[str, int]:
    """Return the ids of active attendees of the actor's firm by key. Raises NotFound for any other key."""
    wanted = [key for key in keys if is_storable(key)]
    rows = session.execute(
        select(Attendee.key, Attendee.id).where(
            Attendee.firm_id == actor.firm_id, Attendee.key.in_(wanted), Attendee.withdrawn_at.is_(None)
        )
    )
    found = {row[0]: row[1] for row in rows}
    for key in keys:
        if key not in found:
            raise NotFound("person", key)
    return found


def _note(session: Session, actor: Actor, about: AuditSubject, now: datetime) -> None:
    firm = session.get_one(Firm, actor.firm_id)
    recording.record_act(session, actor, Act.REQUEST, about, for_firm=firm.key, now=now)
    session.flush()
