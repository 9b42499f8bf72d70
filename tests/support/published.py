"""An event with one published meeting, invitations sent, and replies of its attendees."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from scheduler.domain.entities import OutboxState, RequestState
from scheduler.services.delivery import claims
from scheduler.services.emails.inbound import inbox
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    InboundEmail,
    InvitationReply,
    MeetingRequest,
    OutboxEmail,
)
from tests.support import replies
from tests.support.factories import NOW, SECRET_KEY, make_event, make_request, meet
from tests.support.publishing import SETTINGS, draft, publish
from tests.support.row_copies import made_once

MINUTE = timedelta(minutes=1)
LATER = NOW + 5 * MINUTE
CORPUS = sorted((Path(__file__).parents[1] / "unit" / "invites" / "corpus").glob("*.eml"))


class Published:
    """An event with one published meeting of firms 0 and 1, a third firm, and invitations sent."""

    def __init__(self, database: Database, people: int = 1, named: bool = False, language: str = "") -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(session, firms=3, people=people, slots="6", mail_per_minute=60_000)
            for person in self.expo.people[0] + self.expo.people[1]:
                person.mail_language = language
            mine = self.expo.people[0] if named else []
            self.request = make_request(session, self.expo, 0, 1, from_people=mine)
            there = [*(mine or self.expo.people[0][:1]), self.expo.people[1][0]]
            self.meeting = meet(self.request, self.expo, people=there)
            publish(session, self.expo, draft(session, self.expo, [self.meeting]), None)
        self.mails = self.send()

    @classmethod
    def copied(cls, database: Database, people: int = 1, named: bool = False) -> Published:
        """Return the same for an empty database, with the rows of an earlier test if there were one."""
        return made_once(("published", people, named), database, lambda: cls(database, people, named))

    def send(self, minutes: int = 0) -> dict[str, OutboxEmail]:
        """Send queued emails, as a sender does. Return them by address."""
        now = NOW + timedelta(minutes=minutes)
        with self.database.write() as session:
            rows = claims.claim_emails(session, worker="w", limit=50, secret_key=SECRET_KEY, now=now)
            for row in rows:
                claims.mark_sent(session, row.id, worker="w", now=now)
        return {row.to_address: row for row in rows}

    def queued(self) -> list[OutboxEmail]:
        """Return queued emails in queue order."""
        with self.database.read() as session:
            waiting = OutboxEmail.state == OutboxState.QUEUED
            return list(session.scalars(select(OutboxEmail).where(waiting).order_by(OutboxEmail.id)))

    def person(self, firm: int, number: int = 0) -> Attendee:
        return self.expo.people[firm][number]

    def mail_to(self, firm: int, number: int = 0) -> OutboxEmail:
        return self.mails[self.person(firm, number).email]

    def receive(
        self, raw: bytes, to: OutboxEmail, now: datetime = LATER, box: str = "meetings"
    ) -> InboundEmail:
        """Receive an email, and return the stored row."""
        assert inbox.receive_email(self.database, SETTINGS, replies.address(to, box), raw, now=now)
        with self.database.read() as session:
            return session.scalars(select(InboundEmail).order_by(InboundEmail.id.desc()).limit(1)).one()

    def answer(self, firm: int, partstat: str, **others: Any) -> InboundEmail:
        return self.receive(replies.calendar(self.mail_to(firm), partstat, **others), self.mail_to(firm))

    def publish_again(self, *, slot: int | None = None, minutes: int = 30) -> dict[str, OutboxEmail]:
        """Publish a version with the meeting (in a slot) or without, and send the emails."""
        with self.database.write() as session:
            planned = [meet(self.request, self.expo, slot=slot)] if slot is not None else []
            number = draft(session, self.expo, planned)
            publish(session, self.expo, number, number - 1, minutes=minutes)
        return self.send(minutes + 1)

    def state(self) -> RequestState:
        with self.database.read() as session:
            return session.get_one(MeetingRequest, self.request.id).state

    def known(self, firm: int) -> InvitationReply | None:
        with self.database.read() as session:
            return session.scalar(
                select(InvitationReply).where(InvitationReply.attendee_id == self.person(firm).id)
            )

    def count(self, table: type) -> int:
        with self.database.read() as session:
            return session.scalars(select(func.count()).select_from(table)).one()
