"""A published meeting, incoming emails about it, and their outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from scheduler.domain.entities import MailOutcome, OutboxKind, Partstat, RequestState
from scheduler.domain.errors import ChainmeetError
from scheduler.services.emails.inbound import inbox
from scheduler.services.problems import snapshot
from scheduler.services.replies import reply_links
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, InboundEmail, InvitationReply, MeetingRequest, OutboxEmail
from tests.support import dialects, replies
from tests.support.factories import NOW
from tests.support.published import Published
from tests.support.publishing import SETTINGS

DIALECTS = Path(__file__).parents[2] / "unit" / "invites" / "dialects"
CORPUS = DIALECTS.with_name("corpus")

OUTCOMES = {
    MailOutcome.APPLIED: "applied",
    MailOutcome.IGNORED: "ignored",
    MailOutcome.WAITING: "waits",
    MailOutcome.RECEIVED: "unjudged",
}
KNOWN_AS = {Partstat.NEEDS_ACTION: ""}


class Scene:
    """Emails about a published meeting of firm 0 (whose person replies) and firm 1, 13 days before it."""

    def __init__(self, database: Database, *, people: int = 1, named: bool = False) -> None:
        self.published = Published.copied(database, people=people, named=named)
        self.row = self.published.mail_to(0)
        self.outcomes: list[str] = []
        self.reason = ""
        self._before = self._newest()

    @property
    def start(self) -> datetime:
        """The start of the meeting."""
        return self.published.expo.slots[0].start

    def at(self, minutes: float) -> datetime:
        return NOW + timedelta(minutes=minutes)

    def mail(
        self,
        raw: bytes,
        came: float = 5,
        *,
        box: str = "meetings",
        to: str | None = None,
        row: OutboxEmail | None = None,
    ) -> None:
        """Receive an email `came` minutes after NOW, by default at the reply address."""
        address = to or replies.address(row or self.row, box)
        before, known = self._newest(), None
        try:
            known = inbox.receive_email(self.published.database, SETTINGS, address, raw, now=self.at(came))
        except ChainmeetError as error:
            self._note("deferred", str(error))
            return
        if not known:
            self._note("refused", "none of our addresses")
            return
        with self.published.database.read() as session:
            of_event = InboundEmail.event_id == self.published.expo.event.id
            new = session.scalars(select(InboundEmail).where(of_event, InboundEmail.id > before)).all()
            if not new:
                self._note("known", "")
            for each in new:
                self._note(OUTCOMES[each.outcome], each.reason)

    def answer(self, partstat: str, made: float = 1, came: float = 5, **others: object) -> None:
        """Receive a calendar reply, made and received the given minutes after NOW."""
        head, content = str(others.pop("head", "")), str(others.pop("content", ""))
        row = self.row
        raw = replies.calendar(row, partstat, minutes=made, **others)  # type: ignore[arg-type]
        if content:
            raw = with_words(raw, content)
        self.mail(head.replace("\n", "\r\n").encode() + raw, came)

    def dialect(self, name: str, came: float = 5, change: Callable[[bytes], bytes] | None = None) -> None:
        """Receive an email of the dialect files, adapted to this meeting."""
        path = DIALECTS / f"{name}.eml"
        raw = (path if path.exists() else CORPUS / f"{name}.eml").read_bytes()
        mail = dialects.addressed(raw, self.row)
        self.mail(change(mail) if change else mail, came, box=dialects.box(raw))

    def words(self, text: str, came: float = 5, *, head: str = "", subject: str = "Re: Meeting") -> None:
        """Receive a text email."""
        content = f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}\n"
        self.mail(replies.mail(self.row, content, subject), came)

    def link(self, partstat: Partstat, came: float) -> None:
        """Reply by the email's link. Record whether it was applied or refused."""
        token, sequence = replies.token(self.row), self.row.payload["sequence"]
        database, now = self.published.database, self.at(came)
        try:
            with database.write() as session:
                said = reply_links.submit_reply(session, token, partstat, sequence=sequence, now=now)
        except ChainmeetError as error:
            self._note("refused", str(error))
        else:
            self._note("applied", said)

    def effect(self) -> str:
        """Return the final effect of the emails as text, or "" without one."""
        found: list[str] = []
        person, event = self.published.person(0), self.published.expo.event
        with self.published.database.read() as session:
            answer = session.scalar(select(InvitationReply).where(InvitationReply.attendee_id == person.id))
            if answer is not None:
                found.append(KNOWN_AS.get(answer.partstat, answer.partstat.value))
            request = session.get_one(MeetingRequest, self.published.request.id)
            if request.state is not RequestState.ACCEPTED:
                found.append("off")
            found += [f"without {each.attendee.key}" for each in request.excluded]
            asked = snapshot.build_problem(session, event.id, now=self.at(5)).requests
            found += [f"slots {list(each.slots)}" for each in asked if each.slots is not None]
            found += ["bounced"] if session.get_one(Attendee, person.id).bounced_at else []
        return ", ".join(filter(None, found))

    def note(self) -> str:
        """Return the note that the other side will read."""
        with self.published.database.read() as session:
            answer = session.scalar(
                select(InvitationReply).where(InvitationReply.attendee_id == self.published.person(0).id)
            )
            request = session.get_one(MeetingRequest, self.published.request.id)
            return request.response_note or (answer.comment if answer else "")

    def back(self) -> list[str]:
        """Return what was sent back: methods of calendars, and causes of receipts."""
        with self.published.database.read() as session:
            rows = session.scalars(
                select(OutboxEmail)
                .where(
                    OutboxEmail.event_id == self.published.expo.event.id,
                    OutboxEmail.kind.in_((OutboxKind.RESEND, OutboxKind.DESK)),
                )
                .order_by(OutboxEmail.id)
            ).all()
        return [
            row.payload["method"]
            if row.kind is OutboxKind.RESEND
            else f"{row.payload['letter']} {row.payload['values'].get('cause', '')}".strip()
            for row in rows
        ]

    def _newest(self) -> int:
        with self.published.database.read() as session:
            return session.scalars(select(func.coalesce(func.max(InboundEmail.id), 0))).one()

    def _note(self, outcome: str, reason: str) -> None:
        self.outcomes.append(outcome)
        self.reason = reason


def with_words(raw: bytes, content: str) -> bytes:
    """Return the reply as a multipart email with an additional part before the calendar."""
    head, _, body = raw.partition(b"\r\n\r\n")
    kept, _, kind = head.rpartition(b"Content-Type:")
    part = content.replace("\n", "\r\n").encode()
    return (
        kept + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' + part
        + b"\r\n--b\r\nContent-Type:" + kind + b"\r\n\r\n" + body + b"\r\n--b--\r\n"
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A case, and its best possible outcome.

    `outcomes` are those of its emails in order: applied, waits, ignored, refused, deferred or known (a
    duplicate). `back` are the emails sent back in order. `effect` is the final effect. `says` is contained in
    the reason of the last email, which organisers read. `note` is what the other side reads.
    """

    name: str
    about: str
    play: Callable[[Scene], None]
    outcomes: Sequence[str]
    effect: str
    back: Sequence[str] = ()
    says: str = ""
    note: str | None = None
    people: int = 1
    named: bool = False


@dataclass(frozen=True, slots=True)
class Became:
    """The result of a case.

    `differs` lists deviations from the best outcome, and `is_wrong` marks harmful ones.
    """

    case: Case
    differs: tuple[str, ...] = field(default=())
    is_wrong: bool = False


def run(case: Case, database: Database) -> Became:
    """Execute a case in an event of its own.

    It is wrong if something took effect that must not, if something without effect does not wait, or if
    emails went back that must not. An email that waits for a person instead of being applied is safe, but not
    best.
    """
    scene = Scene(database, people=case.people, named=case.named)
    case.play(scene)
    found = {
        "outcomes": (tuple(scene.outcomes), tuple(case.outcomes)),
        "effect": (scene.effect(), case.effect),
        "back": (tuple(scene.back()), tuple(case.back)),
    }
    if case.note is not None:
        found["note"] = (scene.note(), case.note)
    differs = [f"{name}: {is_} instead of {best}" for name, (is_, best) in found.items() if is_ != best]
    if case.says and case.says not in scene.reason:
        differs.append(f"says: {scene.reason!r} without {case.says!r}")
    waits = scene.outcomes.count("waits") > list(case.outcomes).count("waits")
    harmful = found["effect"][0] != found["effect"][1] and not waits
    lost = len(case.outcomes) == len(scene.outcomes) and any(
        is_ in ("ignored", "refused", "known") and best in ("applied", "waits", "deferred")
        for is_, best in zip(scene.outcomes, case.outcomes, strict=True)
    )
    sent = len(scene.back()) > len(case.back) + 1
    return Became(case, tuple(differs), harmful or lost or sent)
