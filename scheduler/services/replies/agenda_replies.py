"""Replies to the meetings of an agenda, and the viewer's own reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, Partstat
from scheduler.domain.errors import NotFound, WrongState
from scheduler.invites.ical.content import Content
from scheduler.secret_keys import SecretKeys
from scheduler.services.delivery.sent_records import invitation_token
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.tokens import hash_token
from scheduler.services.replies import attendee_replies, reply_links
from scheduler.services.schedule.agendas import Agenda
from scheduler.services.text import clean_lines
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, ExcludedPerson, Invitation, MeetingRequest
from scheduler.storage.rows import rows_of

OVER = "over"
"""State of a meeting that has ended. Replies no longer count."""


@dataclass(slots=True)
class MeetingReplies:
    """The replies to one meeting, and the viewer's own invitation.

    `answers` holds participation status by person key, for both sides. `excluded` holds the people whom the
    next schedule leaves out; the value is True if other people named by the request attend. If False, the
    next run sends a colleague. `token` (of the invitation's link) and `sequence` (its SEQUENCE) are empty
    without an invitation.
    """

    answers: dict[str, Partstat] = field(default_factory=dict)
    excluded: dict[str, bool] = field(default_factory=dict)
    token: str = ""
    sequence: int = 0
    own: str = ""
    """The viewer's key, if they were invited."""


_OF_THESE = (
    MeetingRequest.event_id == bindparam("event"),
    in_chunks(MeetingRequest.key, bindparam("requests")),
    in_chunks(Attendee.key, bindparam("people")),
)
_TOLD = (
    select(
        MeetingRequest.key,
        Attendee.key,
        Invitation.attendee_id,
        Invitation.uid,
        Invitation.sequence,
        Invitation.method,
        Invitation.partstat,
        Invitation.token_hash,
        Invitation.key_number,
    )
    .join(MeetingRequest, MeetingRequest.id == Invitation.request_id)
    .join(Attendee, Attendee.id == Invitation.attendee_id)
    .where(*_OF_THESE)
    .order_by(Invitation.sequence, Invitation.dtstamp)
)
_EXCLUDED = (
    select(MeetingRequest.key, Attendee.key, ExcludedPerson.others_go())
    .join(ExcludedPerson, ExcludedPerson.request_id == MeetingRequest.id)
    .join(Attendee, Attendee.id == ExcludedPerson.attendee_id)
    .where(*_OF_THESE)
)


def list_meeting_replies(
    session: Session, actor: Actor, agenda: Agenda, *, secret_key: SecretKeys
) -> Mapping[str, MeetingReplies]:
    """Return the replies by request key, for every meeting of the agenda. Runs two queries.

    An archived event has no reply links.
    """
    found = {item.request_key: MeetingReplies() for item in agenda.items}
    people = {person.key for item in agenda.items for person in (*item.people, *item.partner_people)}
    of_these = {"event": actor.event_id, "requests": list(found), "people": list(people)}
    told = rows_of(session, _TOLD, **of_these)
    for key, person, attendee_id, uid, sequence, method, partstat, token_hash, number in told:
        if method is Method.CANCEL:
            found[key].answers.pop(person, None)
            continue
        found[key].answers[person] = partstat
        is_own = attendee_id == actor.attendee_id and not actor.is_archived
        token = invitation_token(uid, attendee_id, secret_key, number) if is_own else ""
        if token and hash_token(token) == token_hash:
            found[key].token, found[key].sequence, found[key].own = token, sequence, person
    for key, person, others_go in rows_of(session, _EXCLUDED, **of_these):
        found[key].excluded[person] = others_go
    return found


def submit_reply(
    session: Session,
    actor: Actor,
    request_key: str,
    partstat: Partstat,
    *,
    sequence: int,
    secret_key: SecretKeys,
    now: datetime,
    comment: str = "",
) -> None:
    """Reply to one's own invitation, as by the link in its email. Raises like `reply_links.submit_reply`.

    Idempotent: a phone that lost its connection repeats the same reply until it is acknowledged.
    """
    invitation = session.scalar(
        select(Invitation)
        .join(MeetingRequest, MeetingRequest.id == Invitation.request_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            MeetingRequest.key == request_key.replace("\x00", ""),
            Invitation.attendee_id == actor.own(Right.REPLY_TO_INVITATIONS),
        )
        .order_by(Invitation.sequence.desc(), Invitation.dtstamp.desc())
        .limit(1)
    )
    if invitation is None:
        raise NotFound("invitation", request_key)
    attendee_replies.lock_request(session, invitation)
    kept = attendee_replies.find_last_reply(session, invitation)
    given = partstat, sequence, clean_lines(comment)
    if kept is not None and (kept.partstat, kept.sequence, kept.comment) == given:
        return
    if Content.from_json(invitation.content).end <= now:
        raise WrongState("meeting", request_key, OVER, "answered")
    token = invitation_token(invitation.uid, invitation.attendee_id, secret_key, invitation.key_number)
    reply_links.submit_reply(session, token, partstat, sequence=sequence, comment=comment, now=now)
