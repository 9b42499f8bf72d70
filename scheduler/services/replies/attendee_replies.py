"""Attendee replies: stored, and applied to the next run and publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, Partstat, ReplySource, RequestState
from scheduler.domain.errors import WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.tokens import hash_token
from scheduler.services.replies import decline_effects
from scheduler.services.replies.decline_effects import DeclineEffect
from scheduler.services.schedule import meeting_ends
from scheduler.storage.models import Attendee, Event, Invitation, InvitationReply, MeetingRequest

COMING = frozenset({Partstat.ACCEPTED, Partstat.TENTATIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An attendee's reply to the invitation with this SEQUENCE.

    `dtstamp` is by the attendee's clock, capped at the arrival. `arrived` is the time of arrival, if not now.
    """

    partstat: Partstat
    sequence: int
    source: ReplySource
    dtstamp: datetime | None = None
    comment: str = ""
    arrived: datetime | None = None


def find_invitation(session: Session, token: str) -> Invitation | None:
    """Return the last invitation that the token's owner got for its meeting, or None if the token is
    invalid.
    """
    uid, attendee_id = _owner(session, token) or (None, None)
    return None if uid is None or attendee_id is None else find_latest_invitation(session, uid, attendee_id)


def find_latest_invitation(session: Session, uid: str, attendee_id: int) -> Invitation:
    """Return the last invitation for a UID and attendee."""
    told = (
        select(Invitation)
        .where(Invitation.uid == uid, Invitation.attendee_id == attendee_id)
        .order_by(Invitation.sequence.desc(), Invitation.dtstamp.desc())
        .limit(1)
    )
    return session.scalars(told).one()


def find_last_reply(session: Session, invitation: Invitation) -> InvitationReply | None:
    """Return the last reply to the invitation's meeting, for any SEQUENCE."""
    return session.scalar(
        select(InvitationReply).where(
            InvitationReply.uid == invitation.uid, InvitationReply.attendee_id == invitation.attendee_id
        )
    )


def submit_reply(session: Session, invitation: Invitation, given: Reply, *, now: datetime) -> str:
    """Store a reply to the latest invitation and apply its effect. Return a sentence that describes the
    effect.

    A decline excludes the person or the meeting from the next run (`decline_effects.decline_effect`). The
    next publication notifies the others. A reply that reverses the decline before then includes them again.
    Raises, without a change, WrongState if the meeting is cancelled for another reason, and MeetingOver if it
    has ended.
    """
    request = lock_request(session, invitation)
    if meeting_ends.is_invitation_over(session, invitation, now=now):
        raise meeting_ends.MeetingOver(request.key)
    if invitation.method is Method.CANCEL:
        raise WrongState("meeting", request.key, "cancelled", "answered")
    attendee = session.get_one(Attendee, invitation.attendee_id)
    before = find_last_reply(session, invitation)
    if given.partstat is Partstat.DECLINED:
        done = _decline(session, request, attendee, given.comment, now)
    elif given.partstat in COMING:
        done = _come(session, request, attendee, before, given.partstat, now)
    else:
        raise ValueError(f"{given.partstat} is no answer")
    kept = store_reply(session, invitation, before, given, now=now)
    kept.proposed_start = kept.proposed_end = kept.proposed_slots = None
    invitation.partstat = given.partstat
    session.flush()
    return done


def store_late_acceptance(session: Session, invitation: Invitation, given: Reply, *, now: datetime) -> bool:
    """Store a late acceptance of a withdrawn meeting, by an attendee who has not declined it.

    It is valid again if the request is. Return False, and store nothing, for any other reply.
    """
    request, before = lock_request(session, invitation), find_last_reply(session, invitation)
    declined = before is not None and before.partstat is Partstat.DECLINED
    is_late = request.state is RequestState.WITHDRAWN and invitation.method is not Method.CANCEL
    if not is_late or declined or given.partstat not in COMING:
        return False
    store_reply(session, invitation, before, given, now=now)
    invitation.partstat = given.partstat
    session.flush()
    return True


def lock_request(session: Session, invitation: Invitation) -> MeetingRequest:
    """Return the meeting's request with its row locked, so that replies to one meeting are handled one at a
    time.
    """
    return session.scalars(
        select(MeetingRequest)
        .where(MeetingRequest.id == invitation.request_id)
        .with_for_update(key_share=True)
    ).one()


def store_reply(
    session: Session, invitation: Invitation, before: InvitationReply | None, given: Reply, *, now: datetime
) -> InvitationReply:
    """Store a reply, replacing the previous one."""
    row = before
    if row is None:
        row = InvitationReply(
            event_id=invitation.event_id,
            request_id=invitation.request_id,
            attendee_id=invitation.attendee_id,
            uid=invitation.uid,
        )
        session.add(row)
    row.sequence, row.dtstamp = given.sequence, given.dtstamp
    row.partstat, row.comment = given.partstat, given.comment
    row.delegate_id = row.delegate_id if given.partstat is Partstat.DECLINED else None
    row.source, row.responded_at = given.source, given.arrived or now
    return row


def _owner(session: Session, token: str) -> tuple[str, int] | None:
    row = session.execute(
        select(Invitation.uid, Invitation.attendee_id)
        .join(Attendee, Attendee.id == Invitation.attendee_id)
        .join(Event, Event.id == Attendee.event_id)
        .where(Invitation.token_hash == hash_token(token.lower()), Event.is_there())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])


def _decline(
    session: Session, request: MeetingRequest, attendee: Attendee, comment: str, now: datetime
) -> str:
    """Apply the effect that `decline_effects.decline_effect` returns, which the page announced."""
    done = decline_effects.decline_effect(session, request, attendee, now=now)
    if done is DeclineEffect.OTHERS:
        decline_effects.leave_meeting(request, attendee, note=comment, now=now)
        return gettext_lazy(
            "%(name)s declined. The next schedule keeps the meeting with their colleagues.",
            name=attendee.name,
        )
    if done is DeclineEffect.COLLEAGUE:
        decline_effects.exclude_person(request, attendee, note=comment, now=now)
        return gettext_lazy(
            "%(name)s declined. The next schedule sends a colleague, if one is available.", name=attendee.name
        )
    if done is DeclineEffect.OFF or not _withdraw(session, request, attendee, comment, now):
        return gettext_lazy("%(name)s declined a meeting that was already cancelled.", name=attendee.name)
    return gettext_lazy(
        "%(name)s declined. The next publication leaves the meeting out and notifies the others.",
        name=attendee.name,
    )


def _withdraw(
    session: Session, request: MeetingRequest, attendee: Attendee, comment: str, now: datetime
) -> bool:
    """Withdraw the request. Return False if it is no longer accepted."""
    withdrawn = session.scalar(
        update(MeetingRequest)
        .where(MeetingRequest.id == request.id, MeetingRequest.state == RequestState.ACCEPTED)
        .values(
            state=RequestState.WITHDRAWN,
            responded_by=attendee.id,
            responded_side=decline_effects.side_of(request, attendee),
            responded_at=now,
            response_note=comment,
            before=None,
        )
        .returning(MeetingRequest.id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(request)
    return withdrawn is not None


def _come(
    session: Session,
    request: MeetingRequest,
    attendee: Attendee,
    before: InvitationReply | None,
    partstat: Partstat,
    now: datetime,
) -> str:
    """Accept, and reverse an earlier decline if that is still possible."""
    maybe = partstat is Partstat.TENTATIVE
    declined = before is not None and before.partstat is Partstat.DECLINED
    if request.state is RequestState.ACCEPTED:
        if declined:
            decline_effects.readmit_person(
                request, attendee, instead_of=before.delegate_id if before else None
            )
        if maybe:
            return gettext_lazy("%(name)s might attend.", name=attendee.name)
        return gettext_lazy("%(name)s will attend.", name=attendee.name)
    is_own = declined and request.responded_by == attendee.id
    if request.state is not RequestState.WITHDRAWN or not is_own:
        raise WrongState("meeting", request.key, request.state.value, "accepted")
    try:
        with session.begin_nested():
            request.state, request.responded_at, request.response_note = RequestState.ACCEPTED, now, ""
            session.flush()
    except IntegrityError:  # the firms have another open request by now
        session.refresh(request)
        raise WrongState("meeting", request.key, "asked for anew", "accepted") from None
    if maybe:
        return gettext_lazy(
            "%(name)s might attend after all. The next schedule includes the meeting again.",
            name=attendee.name,
        )
    return gettext_lazy(
        "%(name)s will attend after all. The next schedule includes the meeting again.", name=attendee.name
    )
