"""Our addresses that mails come to: for answers, with the token of an invitation, and for reports."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailBox
from scheduler.services.access.tokens import hash_token
from scheduler.services.answers import answers
from scheduler.storage.models import Attendee, Invitation

MAX_RECIPIENTS = 20
"""Addresses of ours that one mail may be to."""

_RECIPIENT = re.compile(r"(meetings|bounces)\+([a-z2-7]{32})@([a-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Addressed:
    """The invitation that an address stands for, and the address's purpose.

    For reports, any of the attendee's.
    """

    box: MailBox
    token: str
    invitation: Invitation


def addressed(session: Session, recipient: str, mail_domain: str) -> Addressed | None:
    """The meaning of an address of ours, or None if it is not ours or its token is wrong.

    Mails that were sent before reports had their own token carry the token for answers in their envelope. A
    report to such an address is recognised, and proves nothing.
    """
    found = _RECIPIENT.fullmatch(recipient.strip().strip("<>").lower())
    if found is None or found[3] != mail_domain.lower():
        return None
    is_for_reports, token = found[1] == "bounces", found[2]
    if is_for_reports:
        invitation = _reported(session, token)
        if invitation is not None:
            return Addressed(MailBox.REPORTS, token, invitation)
    invitation = answers.invitation_for(session, token)
    box = MailBox.OLD_REPORTS if is_for_reports else MailBox.ANSWERS
    return None if invitation is None else Addressed(box, token, invitation)


def recipients_in(headers: str) -> list[str]:
    """The addresses in a text that may be ours, each once, up to MAX_RECIPIENTS."""
    found = dict.fromkeys(match[0] for match in _RECIPIENT.finditer(headers.lower()))
    return list(found)[:MAX_RECIPIENTS]


def _reported(session: Session, token: str) -> Invitation | None:
    """The last invitation of the attendee whose mails have this token in their envelope."""
    return session.scalar(
        select(Invitation)
        .join(Attendee, Attendee.id == Invitation.attendee_id)
        .where(Attendee.bounce_hash == hash_token(token))
        .order_by(Invitation.id.desc())
        .limit(1)
    )
