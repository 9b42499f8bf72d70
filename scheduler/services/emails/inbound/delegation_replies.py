"""Delegation replies (RFC 5546 section 3.2.2.3), and replies sent by a colleague.

Only the invited attendee can delegate, and only to a colleague in the event. A colleague's reply to a
forwarded invitation is only a suggestion, which an organiser decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailBox, MailKind, MailOutcome
from scheduler.domain.errors import InvalidInput, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.inbound import CalendarReply, Participant
from scheduler.services.emails.inbound.verdicts import Verdict, applied, ignored, same_address, waiting
from scheduler.services.replies import attendee_replies, substitutes
from scheduler.services.replies.attendee_replies import Reply
from scheduler.storage.models import Attendee, InboundEmail, Invitation

COMING = ("ACCEPTED", "TENTATIVE")


def judge_delegation(
    session: Session,
    invitation: Invitation,
    attendee: Attendee,
    answer: CalendarReply,
    speaker: Participant,
    given: Reply,
    *,
    now: datetime,
) -> Verdict:
    """Judge the delegation of a meeting by its attendee."""
    colleague = _one(find_delegates(session, attendee, answer, speaker))
    if colleague is None:
        people = ", ".join(speaker.delegated_to) or gettext_lazy("someone else")
        return waiting(
            gettext_lazy(
                "%(name)s is sending %(people)s instead, which matches no known colleague.",
                name=attendee.name,
                people=people[:200],
            )
        )
    if is_delegation_known(session, invitation, colleague):
        return ignored(_known(attendee, colleague))
    try:
        return applied(substitutes.send_substitute(session, invitation, colleague.key, given, now=now))
    except (WrongState, InvalidInput):
        return waiting(_cannot(attendee, colleague))


def judge_colleague_reply(
    session: Session, invitation: Invitation, attendee: Attendee, answer: CalendarReply
) -> Verdict | None:
    """Judge a reply of a colleague to this attendee's invitation.

    None if the reply is not from a colleague.
    """
    found = _answering(session, attendee, answer)
    if found is None:
        return None
    colleague, partstat = found
    if partstat in COMING and is_delegation_known(session, invitation, colleague):
        return ignored(_known(attendee, colleague))
    values = {"colleague": colleague.name, "name": attendee.name}
    if partstat in COMING:
        return waiting(
            gettext_lazy("%(colleague)s, a colleague, accepts the invitation of %(name)s.", **values)
        )
    return waiting(
        gettext_lazy(
            "%(colleague)s, a colleague, declines the invitation of %(name)s, who is still expected.",
            **values,
        )
    )


def find_offered_colleague(session: Session, mail: InboundEmail, *, now: datetime) -> Attendee | None:
    """Return the colleague who would go instead, if a waiting email may be accepted as a delegation."""
    is_answer = mail.kind in (MailKind.REPLY, MailKind.DELEGATION) and mail.box is MailBox.ANSWERS
    if (
        mail.outcome is not MailOutcome.WAITING
        or not is_answer
        or mail.uid is None
        or mail.attendee_id is None
    ):
        return None
    attendee = session.get_one(Attendee, mail.attendee_id)
    invitation = attendee_replies.find_latest_invitation(session, mail.uid, mail.attendee_id)
    found = [each for each in map(CalendarReply.from_json, mail.answers) if each.uid == mail.uid]
    if len(found) != 1:
        return None
    colleague = _suggested(session, attendee, found[0])
    if colleague is None:
        return None
    could = {each.person.key for each in substitutes.list_substitutes(session, invitation, now=now)}
    return colleague if colleague.key in could else None


def find_delegates(
    session: Session, attendee: Attendee, answer: CalendarReply, speaker: Participant
) -> Sequence[Attendee]:
    """Return the colleagues the meeting is delegated to: those in DELEGATED-TO, else the other ATTENDEEs."""
    others = [each.email for each in answer.participants if each is not speaker]
    return find_colleagues(session, attendee, speaker.delegated_to or others)


def find_colleagues(session: Session, attendee: Attendee, addresses: Sequence[str]) -> Sequence[Attendee]:
    """Return active attendees of the same firm with these addresses."""
    firm = session.scalars(
        select(Attendee)
        .where(
            Attendee.firm_id == attendee.firm_id,
            Attendee.id != attendee.id,
            Attendee.withdrawn_at.is_(None),
        )
        .order_by(Attendee.id)
    ).all()
    return [each for each in firm if any(same_address(each.email, address) for address in addresses)]


def is_delegation_known(session: Session, invitation: Invitation, colleague: Attendee) -> bool:
    """Return True if the attendee has already delegated to this colleague."""
    before = attendee_replies.find_last_reply(session, invitation)
    return before is not None and before.delegate_id == colleague.id


def _suggested(session: Session, attendee: Attendee, answer: CalendarReply) -> Attendee | None:
    speakers = [each for each in answer.participants if each.partstat == "DELEGATED"]
    if len(speakers) == 1:
        return _one(find_delegates(session, attendee, answer, speakers[0]))
    found = _answering(session, attendee, answer)
    return found[0] if found is not None and found[1] in COMING else None


def _answering(session: Session, attendee: Attendee, answer: CalendarReply) -> tuple[Attendee, str] | None:
    """Return the colleague who replies alone, with their PARTSTAT."""
    if len(answer.participants) != 1:
        return None
    (speaker,) = answer.participants
    colleague = _one(find_colleagues(session, attendee, [speaker.email]))
    return None if colleague is None else (colleague, speaker.partstat)


def _one(people: Sequence[Attendee]) -> Attendee | None:
    return people[0] if len(people) == 1 else None


def _known(attendee: Attendee, colleague: Attendee) -> str:
    return gettext_lazy(
        "%(colleague)s attends instead of %(name)s. This is already known.",
        colleague=colleague.name,
        name=attendee.name,
    )


def _cannot(attendee: Attendee, colleague: Attendee) -> str:
    return gettext_lazy(
        "%(name)s is sending %(colleague)s instead, but the schedule can't be changed "
        "this way. Check the meeting.",
        name=attendee.name,
        colleague=colleague.name,
    )
