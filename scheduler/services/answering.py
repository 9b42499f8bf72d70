"""What an inbound mail may do. Its token says whose answer it is; everything else is only claimed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.domain.entities import AnswerSource, MailKind, MailOutcome, Method, Partstat
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.invites import text
from scheduler.invites.inbound import Answer, Bounce, Participant
from scheduler.services import answers, counters, resending
from scheduler.services.answers import Given
from scheduler.storage.models import Attendee, InboundMail, Invitation

CLOCK_SKEW = timedelta(days=1)
"""An answer that is dated later than this from now is for a person: its clock is wrong, or it lies."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mail, and a sentence why."""

    outcome: MailOutcome
    reason: str


class _Stop(Exception):
    """A mail is not applied; carries the verdict."""

    def __init__(self, outcome: MailOutcome, reason: str) -> None:
        super().__init__(reason)
        self.verdict = Verdict(outcome, reason)


def judge(session: Session, mail: InboundMail, *, mail_domain: str, now: datetime) -> Verdict:
    """Apply a mail, or say why it is ignored or waits for a person."""
    invitation = answers.latest(session, mail.uid, mail.attendee_id)
    answers.lock(session, invitation)
    case = _Case(session, mail, invitation, session.get_one(Attendee, mail.attendee_id), mail_domain, now)
    try:
        return _RULES[mail.kind](case)
    except _Stop as stop:
        return stop.verdict


@dataclass(frozen=True, slots=True)
class _Case:
    """A mail, and what the owner of its token was last told."""

    session: Session
    mail: InboundMail
    invitation: Invitation
    attendee: Attendee
    mail_domain: str
    now: datetime

    def reply(self) -> Verdict:
        _, given = self.checked()
        if given.partstat is Partstat.NEEDS_ACTION:
            return _ignored("It says neither yes nor no.")
        try:
            done = answers.give(self.session, self.invitation, given, now=self.now)
        except WrongState as error:
            return _waiting(str(error))
        return _applied(done)

    def counter(self) -> Verdict:
        answer, given = self.checked()
        if answer.start is None or answer.end is None or answer.end <= answer.start:
            return _waiting("It proposes another time, but in no time zone that is known, or none at all.")
        try:
            slots = counters.propose(
                self.session, self.invitation, given, start=answer.start, end=answer.end, now=self.now
            )
        except counters.Unsuitable as reason:
            resending.proposal_declined(
                self.session, self.invitation, mail_domain=self.mail_domain, now=self.now
            )
            return _applied(f"The proposal was declined by mail. {reason}")
        count = "one slot" if len(slots) == 1 else f"{len(slots)} slots"
        return _applied(f"{self.attendee.name} proposes another time; the next plan tries {count} for it.")

    def refresh(self) -> Verdict:
        if self.own_answer().participants and not self.speaker(self.own_answer()):
            return _waiting("Somebody else asks for the invitation.")
        return self.sent_again("The invitation was asked for again", MailOutcome.APPLIED)

    def bounce(self) -> Verdict:
        bounce = Bounce(**self.mail.bounce)
        if bounce.recipient and not _same(bounce.recipient, self.attendee.email):
            return _waiting(f"It is about {bounce.recipient}, which is not the attendee's address.")
        if bounce.action != "failed":
            return _ignored("The mail server only reports on the way of the mail.")
        if not bounce.is_final:
            return _waiting("The mail was not delivered this time; the address may be right.")
        self.attendee.bounced_at, self.attendee.bounce = self.now, bounce.diagnostic
        self.session.flush()
        return _applied(f"The address {self.attendee.email} does not take mail ({bounce.status}).")

    def own(self) -> Verdict:
        if all(self.is_own(Answer.from_json(values)) for values in self.mail.answers):
            return _ignored("It is our own invitation that came back.")
        return _waiting("It is an invitation of somebody else.")

    def automatic(self) -> Verdict:
        return _ignored("It was written by a machine, such as an out-of-office note.")

    def human(self) -> Verdict:
        return _waiting("A person wrote it.")

    def delegation(self) -> Verdict:
        return _waiting("The attendee sends somebody else.")

    def unreadable(self) -> Verdict:
        return _waiting(self.mail.reason)

    def checked(self) -> tuple[Answer, Given]:
        """The answer if it may be applied; raises _Stop otherwise."""
        answer = self.own_answer()
        speaker = self.speaker(answer)
        if speaker is None:
            names = ", ".join(each.email for each in answer.participants) or "nobody"
            raise _Stop(
                MailOutcome.WAITING, f"It answers for {names[:300]}, who is not invited by this mail."
            )
        self.check_revision(answer)
        partstat = speaker.partstat if speaker.partstat in set(Partstat) else Partstat.NEEDS_ACTION
        given = Given(
            partstat=Partstat(partstat),
            sequence=self.invitation.sequence,
            source=AnswerSource.MAIL,
            dtstamp=answer.dtstamp,
            comment=answer.comment or speaker.comment,
        )
        return answer, given

    def own_answer(self) -> Answer:
        """The one event about the token's meeting."""
        answers_ = [Answer.from_json(values) for values in self.mail.answers]
        if len({answer.uid for answer in answers_}) > 1:
            raise _Stop(MailOutcome.WAITING, "It answers more than one meeting in one calendar.")
        found = [answer for answer in answers_ if self.is_own(answer)]
        if not found:
            raise _Stop(MailOutcome.WAITING, "It is about another meeting than the address that it came to.")
        if len(found) > 1:
            raise _Stop(MailOutcome.WAITING, "It has several answers that contradict each other.")
        return found[0]

    def is_own(self, answer: Answer) -> bool:
        return answer.uid == self.invitation.uid

    def speaker(self, answer: Answer) -> Participant | None:
        """The token's attendee among those of the answer; the From of the mail counts for nothing."""
        same = [each for each in answer.participants if _same(each.email, self.attendee.email)]
        return same[0] if len(same) == 1 else None

    def check_revision(self, answer: Answer) -> None:
        """An answer counts for the SEQUENCE that it echoes, and the later of two counts (RFC 5546 2.1.5).

        It says when it was made, in UTC (RFC 5546 3.2.3).
        """
        told = self.invitation.sequence
        if answer.is_instance or answer.sequence is None or answer.sequence > told:
            raise _Stop(MailOutcome.WAITING, "It answers a version of the meeting that we never sent.")
        if self.invitation.method is Method.CANCEL:
            raise _Stop(MailOutcome.IGNORED, "The meeting was cancelled before.")
        if answer.sequence < told:
            verdict = self.sent_again("It answers an older version of the meeting", MailOutcome.IGNORED)
            raise _Stop(verdict.outcome, verdict.reason)
        if answer.dtstamp is None:
            raise _Stop(MailOutcome.WAITING, "It does not say when it was made (DTSTAMP).")
        if answer.dtstamp > self.now + CLOCK_SKEW:
            raise _Stop(MailOutcome.WAITING, "It is dated in the future.")
        before = answers.last(self.session, self.invitation)
        if before is None or before.sequence != told:
            return
        if before.dtstamp is None:
            raise _Stop(MailOutcome.WAITING, "It is not clear which of two answers is the later one.")
        if answer.dtstamp <= before.dtstamp:
            raise _Stop(MailOutcome.IGNORED, "A later answer is known already.")

    def sent_again(self, why: str, outcome: MailOutcome) -> Verdict:
        is_sent = resending.invitation_again(
            self.session, self.invitation, mail_domain=self.mail_domain, now=self.now
        )
        return Verdict(outcome, f"{why}; {'it is sent again' if is_sent else 'it was sent just before'}.")


_RULES: dict[MailKind, Callable[[_Case], Verdict]] = {
    MailKind.REPLY: _Case.reply,
    MailKind.COUNTER: _Case.counter,
    MailKind.REFRESH: _Case.refresh,
    MailKind.DELEGATION: _Case.delegation,
    MailKind.BOUNCE: _Case.bounce,
    MailKind.AUTO_REPLY: _Case.automatic,
    MailKind.OWN: _Case.own,
    MailKind.TEXT: _Case.human,
    MailKind.UNREADABLE: _Case.unreadable,
}


def _applied(reason: str) -> Verdict:
    return Verdict(MailOutcome.APPLIED, reason)


def _ignored(reason: str) -> Verdict:
    return Verdict(MailOutcome.IGNORED, reason)


def _waiting(reason: str) -> Verdict:
    return Verdict(MailOutcome.WAITING, reason)


def _same(one: str, other: str) -> bool:
    """Whether two addresses are one, in either form of an international domain and whatever the case."""
    return _ascii(one) == _ascii(other)


def _ascii(address: str) -> str:
    try:
        return text.address(address).lower()
    except InvalidInput:
        return address.strip().lower()
