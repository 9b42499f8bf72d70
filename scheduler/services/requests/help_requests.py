"""Help requests by email for an unscheduled meeting: to a colleague or the other firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.entities import OutboxKind, RequestState
from scheduler.domain.errors import NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import choose_language
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import letters, payloads
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.requests import requests
from scheduler.services.requests.transitions import TOLD
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, Firm, MeetingRequest, OutboxEmail

FREE, MAKE_TIME = "free", "make_time"
"""Email templates of the catalogue: to a colleague, and to the other firm."""
ASKED = gettext_lazy("They've already been asked. Each person is asked only once.")
NO_ONE = gettext_lazy("No one at this company can receive emails.")


def list_help_requests(
    session: Session, actor: Actor, keys: Sequence[str]
) -> Mapping[tuple[str, str], datetime]:
    """Return when the viewer's side asked for help, by request and key of the colleague ("" for the other
    firm).
    """
    rows = session.execute(
        select(MeetingRequest.key, Attendee.key, Attendee.firm_id, OutboxEmail.created_at)
        .join(MeetingRequest, MeetingRequest.id == OutboxEmail.request_id)
        .join(Attendee, Attendee.id == OutboxEmail.attendee_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            in_chunks(MeetingRequest.key, keys),
            OutboxEmail.kind == OutboxKind.DESK,
            or_(
                and_(payloads.letter_name_column() == FREE, Attendee.firm_id == actor.firm_id),
                and_(payloads.letter_name_column() == MAKE_TIME, Attendee.firm_id != actor.firm_id),
            ),
        )
    )
    return {(key, who if firm == actor.firm_id else ""): at for key, who, firm, at in rows}


def ask_colleague(session: Session, actor: Actor, key: str, person: str, *, now: datetime) -> str:
    """Email a colleague to free time for an unscheduled request. Return the Latin name.

    Raises NotFound if the person is no colleague, WrongState if they were asked before.
    """
    request = _request(session, actor, key)
    colleague = session.scalar(
        select(Attendee).where(
            Attendee.event_id == actor.event_id,
            Attendee.firm_id == actor.firm_id,
            Attendee.key == person,
            Attendee.id != actor.attendee_id,
            Attendee.withdrawn_at.is_(None),
        )
    )
    if colleague is None:
        raise NotFound("colleague", person)
    _post(session, actor, request, colleague, FREE, now=now)
    return colleague.latin_name


def ask_partner(session: Session, actor: Actor, key: str, *, now: datetime) -> str:
    """Email the other firm to free time: to the person who sent or accepted the request, else its first
    exhibitor.

    Return the firm's Latin name. Raises WrongState if they were asked before, or get no emails.
    """
    request = _request(session, actor, key)
    theirs = request.to_firm_id if actor.firm_id == request.from_firm_id else request.from_firm_id
    known = {request.created_by, request.responded_by}
    exhibitors = session.scalars(
        select(Attendee)
        .where(
            Attendee.firm_id == theirs,
            Attendee.is_exhibitor,
            Attendee.withdrawn_at.is_(None),
            Attendee.bounced_at.is_(None),
        )
        .order_by(Attendee.id)
    ).all()
    person = min(exhibitors, key=lambda each: (each.id not in known, each.id), default=None)
    if person is None:
        raise WrongState("meeting request", key, "of a firm without an address", "asked for", NO_ONE)
    _post(session, actor, request, person, MAKE_TIME, now=now)
    return session.get_one(Firm, theirs).latin_name


def shorten(session: Session, actor: Actor, key: str) -> None:
    """Shorten a request of the own firm to one slot. Raises NotAllowed, WrongState."""
    _own(session, actor, key).length = 1
    session.flush()


def allow_any_time(session: Session, actor: Actor, key: str) -> None:
    """Allow every time for a request of the own firm. Raises NotAllowed, WrongState."""
    _own(session, actor, key).slots = None
    session.flush()


def _own(session: Session, actor: Actor, key: str) -> MeetingRequest:
    request = _request(session, actor, key)
    actor.require(
        Right.REQUEST_MEETINGS,
        firm_id=request.from_firm_id,
        sentence=gettext_lazy("Only the company that sent the request can change this."),
    )
    return request


def _request(session: Session, actor: Actor, key: str) -> MeetingRequest:
    """Return an accepted request of the actor's firm, locked, so that concurrent calls run one after the
    other.
    """
    request = requests.get_request(session, actor, key)
    sentence = gettext_lazy("Only company contacts can request meetings for their company.")
    actor.require(Right.REQUEST_MEETINGS, firm_id=actor.firm_id, sentence=sentence)
    if request.state is not RequestState.ACCEPTED:
        raise WrongState("meeting request", key, request.state.value, "helped", TOLD[request.state])
    session.execute(
        select(MeetingRequest.id).where(MeetingRequest.id == request.id).with_for_update(key_share=True)
    )
    return request


def _post(
    session: Session, actor: Actor, request: MeetingRequest, to: Attendee, letter: str, *, now: datetime
) -> None:
    before = select(OutboxEmail.id).where(
        OutboxEmail.request_id == request.id,
        OutboxEmail.attendee_id == to.id,
        OutboxEmail.kind == OutboxKind.DESK,
        payloads.letter_name_column() == letter,
    )
    if session.scalar(before.limit(1)) is not None:
        raise WrongState("meeting request", request.key, "asked about", "asked about", ASKED)
    event = session.get_one(Event, actor.event_id)
    language = choose_language(to.mail_language, to.languages, event.language)
    by = session.get_one(Attendee, actor.attendee_id)
    own = session.get_one(Firm, actor.firm_id)
    theirs = request.to_firm if own.id == request.from_firm_id else request.from_firm
    new = NewLetter(
        letter=letter,
        to_address=to.email,
        to_name=to.name,
        language=language,
        event=event.name,
        values={
            "by": names.display_both(by.name, by.latin_name, language),
            "firm": names.display_both(own.name, own.latin_name, language),
            "partner": names.display_both(theirs.name, theirs.latin_name, language),
            "topic": request.topic,
        },
        path=f"/events/{event.key}/requests/{request.key}",
        event_id=event.id,
        attendee_id=to.id,
        request_id=request.id,
    )
    letters.queue_letters(session, [new], now=now)
