"""Reply links in emails. A token identifies one attendee and one meeting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.brand import Brand
from scheduler.domain.entities import Method, Partstat, ReplySource
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.ical.content import Content
from scheduler.invites.ical.feed import FeedEvent
from scheduler.services.branding import brands
from scheduler.services.directory.references import SlotRef, slot_ref
from scheduler.services.identity import summary_subscriptions
from scheduler.services.replies import attendee_replies, counter_proposals, decline_effects, substitutes
from scheduler.services.replies.attendee_replies import Reply
from scheduler.services.replies.decline_effects import DeclineEffect
from scheduler.services.replies.substitutes import Substitute
from scheduler.services.schedule import meeting_ends
from scheduler.services.text import clean_lines
from scheduler.storage.models import Attendee, Event, Invitation, MeetingRequest, Slot


@dataclass(frozen=True, slots=True)
class StoredReply:
    """The stored reply to the current invitation. `delegate` is the substitute's name, or empty."""

    partstat: Partstat
    proposed_start: datetime | None
    proposed_end: datetime | None
    delegate: str = ""


@dataclass(frozen=True, slots=True)
class LinkedMeeting:
    """The meeting behind a link: its content as last sent to the attendee, and the reply.

    `person` is the attendee's name, `contact` the event's contact for questions. `slots` are the other times
    that can be proposed; a cancelled or fixed meeting has none. `effect` is the effect of a decline.
    `substitutes` are colleagues who could attend instead. A meeting that `is_over` takes no reply.
    """

    person: str
    contact: str
    brand: Brand
    sequence: int
    is_off: bool
    is_over: bool
    content: Content
    answer: StoredReply | None
    slots: Sequence[SlotRef]
    effect: DeclineEffect
    substitutes: Sequence[Substitute]

    @property
    def may_decline(self) -> bool:
        """True if a decline would have an effect."""
        has_declined = self.answer is not None and self.answer.partstat is Partstat.DECLINED
        return self.effect is not DeclineEffect.OFF and not has_declined


def show_meeting(session: Session, token: str, *, now: datetime) -> LinkedMeeting:
    """Return the meeting behind a link. Read-only. Raises NotFound if the link is invalid, EventOver."""
    invitation = _invitation(session, token)
    _require_going_on(session, invitation)
    attendee = session.get_one(Attendee, invitation.attendee_id)
    request = session.get_one(MeetingRequest, invitation.request_id)
    event = session.get_one(Event, invitation.event_id)
    return LinkedMeeting(
        person=attendee.name,
        contact=event.contact,
        brand=brands.brand_of(event),
        sequence=invitation.sequence,
        is_off=invitation.method is Method.CANCEL,
        is_over=meeting_ends.is_invitation_over(session, invitation, now=now),
        content=Content.from_json(invitation.content),
        answer=_kept(session, invitation),
        slots=_proposable(session, invitation, now),
        effect=decline_effects.decline_effect(session, request, attendee, now=now),
        substitutes=substitutes.list_substitutes(session, invitation, now=now),
    )


def _kept(session: Session, invitation: Invitation) -> StoredReply | None:
    answer = attendee_replies.find_last_reply(session, invitation)
    if answer is None or answer.sequence != invitation.sequence:
        return None
    colleague = session.get(Attendee, answer.delegate_id) if answer.delegate_id is not None else None
    return StoredReply(
        answer.partstat,
        answer.proposed_start,
        answer.proposed_end,
        colleague.name if colleague is not None else "",
    )


def link_language(session: Session, token: str) -> str:
    """Return the language of the email that contains the link. Raises NotFound if the link is invalid."""
    return Content.from_json(_invitation(session, token).content).language


def find_owner(session: Session, token: str) -> int:
    """Return the attendee id of the link's owner. Raises NotFound if the link is invalid."""
    return _invitation(session, token).attendee_id


def calendar_copy(session: Session, token: str) -> FeedEvent:
    """Return the calendar event behind a link, as last sent to the attendee. Raises NotFound."""
    told = _invitation(session, token)
    content, is_off = Content.from_json(told.content), told.method is Method.CANCEL
    return FeedEvent(told.uid, told.sequence, told.dtstamp, content, is_off)


def submit_reply(
    session: Session, token: str, partstat: Partstat, *, sequence: int, comment: str = "", now: datetime
) -> str:
    """Reply to the invitation with this SEQUENCE. Return a sentence that describes the effect.

    Raises NotFound, EventOver, InvalidInput, and WrongState if the meeting has changed since or is cancelled.
    Raises MeetingOver if it has ended.
    """
    invitation = _looked_at(session, token, sequence)
    return attendee_replies.submit_reply(
        session, invitation, _given(partstat, sequence, comment, now), now=now
    )


def send_substitute(
    session: Session, token: str, colleague: str, *, sequence: int, comment: str = "", now: datetime
) -> str:
    """Send a colleague, given by key, as a substitute.

    Raises like `submit_reply`, and InvalidInput if the colleague cannot attend.
    """
    invitation = _looked_at(session, token, sequence)
    given = _given(Partstat.DECLINED, sequence, comment, now)
    return substitutes.send_substitute(session, invitation, colleague, given, now=now)


def propose_time(
    session: Session, token: str, slot_key: str, *, sequence: int, comment: str = "", now: datetime
) -> None:
    """Propose another slot of the event. Raises like `submit_reply`, and Unsuitable if it cannot be used."""
    invitation = _looked_at(session, token, sequence)
    slot = session.scalar(
        select(Slot).where(Slot.of(invitation.event_id), Slot.key == slot_key.replace("\x00", ""))
    )
    if slot is None:
        raise InvalidInput([Fault("slot", gettext_lazy("Choose one of the listed times."))])
    given = _given(Partstat.NEEDS_ACTION, sequence, comment, now)
    counter_proposals.propose_time(session, invitation, given, start=slot.start, end=slot.end, now=now)


def _invitation(session: Session, token: str) -> Invitation:
    invitation = attendee_replies.find_invitation(session, token)
    if invitation is None:
        raise NotFound("invitation", token[:4] + "...")
    return invitation


def _require_going_on(session: Session, invitation: Invitation) -> None:
    language = Content.from_json(invitation.content).language
    summary_subscriptions.require_going_on(session.get_one(Event, invitation.event_id), language)


def _looked_at(session: Session, token: str, sequence: int) -> Invitation:
    invitation = _invitation(session, token)
    _require_going_on(session, invitation)
    attendee_replies.lock_request(session, invitation)
    if invitation.sequence != sequence:
        raise WrongState("invitation", "", "newer than the one that you looked at", "answered unseen")
    return invitation


def _given(partstat: Partstat, sequence: int, comment: str, now: datetime) -> Reply:
    text = clean_lines(comment)
    fields.require_valid("comment", text, fields.Comment)
    stamp = now.replace(microsecond=0)
    return Reply(partstat=partstat, sequence=sequence, source=ReplySource.LINK, dtstamp=stamp, comment=text)


def _proposable(session: Session, invitation: Invitation, now: datetime) -> Sequence[SlotRef]:
    if invitation.method is Method.CANCEL:
        return ()
    first, last = session.execute(
        select(func.min(Slot.start), func.max(Slot.end)).where(Slot.of(invitation.event_id))
    ).one()
    try:
        found = counter_proposals.find_suitable_slots(session, invitation, first, last, now=now)
    except counter_proposals.Unsuitable:
        return ()
    return tuple(map(slot_ref, found))
