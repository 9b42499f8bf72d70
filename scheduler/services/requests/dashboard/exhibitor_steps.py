"""First steps of an exhibitor, each done by the stored data."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Exists, exists, func, select
from sqlalchemy.orm import Session

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.domain.entities import RequestState
from scheduler.i18n import gettext_lazy
from scheduler.services.identity import onboarding
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.onboarding import FirstSteps
from scheduler.services.identity.rights import Right
from scheduler.storage.models import AttendeeBusy, BusySource, CalendarUse, Firm, MeetingRequest


def list_exhibitor_steps(session: Session, actor: Actor) -> FirstSteps:
    """Return the first steps of the actor. Runs two queries. Raises NotAllowed unless they represent a firm.

    A step is open again once what was done is undone: a text is deleted, or the last request is withdrawn.
    """
    sentence = gettext_lazy("Only organisers and company contacts have first steps.")
    actor.require(Right.REQUEST_MEETINGS, firm_id=actor.firm_id, sentence=sentence)
    is_hidden, has_saved_times = onboarding.find_state(session, actor)
    mine, received = MeetingRequest.from_firm_id == Firm.id, MeetingRequest.to_firm_id == Firm.id
    pending = MeetingRequest.state == RequestState.PENDING
    found = session.execute(
        select(
            (func.length(func.trim(Firm.description)) > 0).label("is_described"),
            Firm.offers,
            Firm.products,
            Firm.needs,
            _is_there(mine, MeetingRequest.state != RequestState.WITHDRAWN).label("has_sent"),
            _is_there(received, ~pending).label("has_answered"),
            _is_there(received, pending).label("has_pending"),
            exists().where(AttendeeBusy.attendee_id == actor.attendee_id).label("is_busy"),
            exists()
            .where(BusySource.attendee_id == actor.attendee_id, BusySource.is_saved)
            .label("has_calendar"),
            exists()
            .where(CalendarUse.attendee_id == actor.attendee_id, CalendarUse.way == CalendarImportMethod.FEED)
            .label("has_feed"),
        ).where(Firm.id == actor.firm_id)
    ).one()
    return FirstSteps(
        {
            "description": bool(found.is_described),
            "offers": bool(found.offers or found.products) and bool(found.needs),
            "times": has_saved_times or found.is_busy or found.has_calendar,
            "request": found.has_sent,
            "respond": found.has_answered and not found.has_pending,
            "feed": found.has_feed,
        },
        is_hidden,
    )


def _is_there(*conditions: ColumnElement[bool]) -> Exists:
    return exists().where(*conditions).correlate(Firm)
