"""Response links in digests. A token identifies one request and one exhibitor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.brand import Brand
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import NotFound
from scheduler.secret_keys import SecretKeys
from scheduler.services.branding import brands
from scheduler.services.directory.references import FirmRef, PersonRef, firm_ref, person_ref
from scheduler.services.identity import actors, summary_subscriptions
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.tokens import answer_token, hash_token
from scheduler.services.requests import request_lists, requests
from scheduler.services.requests.cards import RequestCard
from scheduler.storage.models import Attendee, DigestItem, Event, Firm, MeetingRequest

_STEPS = {"accept": requests.accept_request, "decline": requests.decline_request}


@dataclass(frozen=True, slots=True)
class LinkedRequest:
    """The request behind a link, and the person who responds for a firm. `timezone` is the venue's."""

    card: RequestCard
    firm: FirmRef
    person: PersonRef
    language: str
    event_key: str
    event_name: str
    timezone: str
    contact: str
    brand: Brand

    def may_undo(self, now: datetime) -> bool:
        return self.card.undo_until is not None and now < self.card.undo_until


def show_request(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> LinkedRequest:
    """Return the request behind a link. Read-only. Raises NotFound if the link is invalid or expired.

    A link expires when its owner has another address, or no longer represents the firm.
    """
    actor, key, person, event = _found(session, token, secret_key, now)
    return LinkedRequest(
        card=request_lists.show_request(session, actor, key),
        firm=firm_ref(session.get_one(Firm, person.firm_id)),
        person=person_ref(person),
        language=actor.language,
        event_key=event.key,
        event_name=event.name,
        timezone=event.timezone,
        contact=event.contact,
        brand=brands.brand_of(event),
    )


def respond_to_request(
    session: Session, token: str, step: str, *, note: str = "", secret_key: SecretKeys, now: datetime
) -> RequestState:
    """Accept or decline the request for the firm. Raises NotFound, InvalidInput, WrongState."""
    actor, key, *_ = _found(session, token, secret_key, now)
    return _STEPS[step](session, actor, key, note=note, now=now)


def undo_response(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> RequestState:
    """Undo the last response. Raises NotFound, NotAllowed, WrongState."""
    actor, key, *_ = _found(session, token, secret_key, now)
    return requests.undo_step(session, actor, key, now=now)


def _found(
    session: Session, token: str, secret_key: SecretKeys, now: datetime
) -> tuple[Actor, str, Attendee, Event]:
    """Return the exhibitor as actor, the request's key, the attendee and the event. Raises NotFound.

    A link never grants the person's role in the event's team.
    """
    row = session.execute(
        select(MeetingRequest, Attendee, Event, DigestItem.key_number)
        .join(DigestItem, DigestItem.request_id == MeetingRequest.id)
        .join(Attendee, Attendee.id == DigestItem.attendee_id)
        .join(Event, Event.id == Attendee.event_id)
        .where(DigestItem.token_hash == hash_token(token.lower()), Attendee.is_exhibitor, Event.is_there())
        .limit(1)
    ).first()
    if row is not None:
        request, person, event, number = row
        expected = answer_token(secret_key, request.key, person.id, person.email, number)
        if token.lower() == expected and person.firm_id == request.to_firm_id:
            actor = actors.actor_for(session, person.account_id, event.key, now=now)
            summary_subscriptions.require_going_on(event, actor.language)
            return replace(actor, team_role=None), request.key, person, event
    raise NotFound("request link", token[:4] + "...")
