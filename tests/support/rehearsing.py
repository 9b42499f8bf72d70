"""An event in rehearsal, and every email that an event sends."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MUST, RequestState
from scheduler.invites.catalogue import load_words
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import OF_NO_EVENT, NewLetter
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.services.replies import resend
from scheduler.services.requests.digests import digest_sending
from scheduler.storage.database import Database
from scheduler.storage.models import Invitation, MeetingRequest
from tests.support.factories import NOW, Expo, make_event, make_firms, make_request, meet
from tests.support.publishing import SETTINGS, draft, publish

LETTERS = frozenset(key.removesuffix("_subject") for key in load_words("en").desk if key.endswith("_subject"))
"""Letters of the catalogue."""


def rehearsed_event(database: Database, **columns: Any) -> Expo:
    """Create an event in rehearsal with five firms and an interpreter, which sends every kind of email."""
    usual = {
        "live_at": None,
        "summary_mails": True,
        "digest_mails": True,
        "digests_since": NOW - timedelta(days=1),
        "mail_per_minute": 60_000,
    }
    with database.write() as session:
        expo = make_event(session, firms=5, people=2, interpreters=1, **{**usual, **columns})
        for firm in expo.people:
            for person in firm:
                person.invited_at = None
    return expo


def make_uninvited(session: Session, expo: Expo, firms: int) -> None:
    """Create additional firms whose exhibitors were not invited yet."""
    make_firms(session, expo, firms)
    for (person,) in expo.people[-firms:]:
        person.invited_at = None
    session.flush()


def all_mails(database: Database, expo: Expo, sent: Callable[[datetime], Any]) -> None:
    """Generate every email of an event. `sent` is called with the time when some must be sent first."""
    with database.write() as session:
        invitation_emails.send_invitations(
            session, expo.organiser_actor(), Invitees.NEW, with_attendees=True, now=NOW
        )
        letters.queue_letters(
            session, [_letter(expo, name) for name in sorted(LETTERS - OF_NO_EVENT)], now=NOW
        )
        make_request(session, expo, 0, 3, state=RequestState.PENDING, priority=MUST)
    sent(NOW)
    with database.write() as session:
        assert digest_sending.queue_due_digests(session, SETTINGS, now=NOW) == 1
        first, second = make_request(session, expo, 0, 1), make_request(session, expo, 2, 1)
        guide = expo.interpreters[0]
        number = draft(session, expo, [meet(first, expo, interpreter=guide), meet(second, expo, slot=1)])
        publish(session, expo, number, None)
    sent(NOW)
    with database.write() as session:
        invitation, other, *_ = session.scalars(select(Invitation).order_by(Invitation.id))
        later = NOW + timedelta(minutes=1)
        assert resend.resend_invitation(session, invitation, mail_domain="expo.example", now=later)
        resend.decline_proposal(session, other, mail_domain="expo.example", now=later)
    sent(NOW + timedelta(minutes=1))
    with database.write() as session:
        request = session.get_one(MeetingRequest, first.id)
        people = [expo.people[0][1], expo.people[1][0]]
        moved = draft(session, expo, [meet(request, expo, slot=2, people=people)])
        publish(session, expo, moved, number, minutes=2)
    sent(NOW + timedelta(minutes=2))
    with database.write() as session:
        request = session.get_one(MeetingRequest, first.id)
        people = [expo.people[0][1], expo.people[1][0]]
        request.topic = "Modules"
        renamed = [meet(request, expo, slot=2, people=people)]
        publish(session, expo, draft(session, expo, renamed), moved, minutes=4)
    sent(NOW + timedelta(minutes=4))


def _letter(expo: Expo, name: str) -> NewLetter:
    """Return a letter with values for all placeholders of its texts."""
    texts = [text for key, text in load_words("en").desk.items() if key.startswith(f"{name}_")]
    named = {field for text in texts for _, field, _, _ in string.Formatter().parse(text) if field}
    values = dict.fromkeys(named - {"event", "sender", "counts"}, "x")
    if name == "receipt":
        values |= {"cause": "over", "day": "2026-12-07"}
    person = expo.people[4][0]
    keeps_rate = name not in ("address", "colleague", "register", "registered", "unregistered")
    return NewLetter(
        letter=name,
        to_address=person.email,
        to_name=person.name,
        language="en",
        event=expo.event.name,
        values=values,
        path="" if name in ("receipt", "register") else f"/events/{expo.event.key}",
        seed="seed" if name in ("receipt", "register") else "",
        event_id=expo.event.id if keeps_rate else None,
        about_event_id=None if keeps_rate else expo.event.id,
        attendee_id=person.id if keeps_rate else None,
    )
