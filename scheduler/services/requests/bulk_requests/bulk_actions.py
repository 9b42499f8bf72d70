"""Bulk actions: request several meetings, or respond to several requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import FirmRef, list_firm_refs
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests import requests
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.requests import RequestResult
from scheduler.storage.models import MeetingRequest

MOST_ASKED = 20
"""Firms per bulk request."""
MOST_ANSWERED = 100


@dataclass(frozen=True, slots=True)
class BulkRequestResult:
    """Result of a bulk request: sent requests, and reasons of refusals by firm key.

    `names` holds the refused firms by key, as far as the event has them.
    """

    sent: tuple[RequestResult, ...]
    refused: dict[str, str]
    names: dict[str, FirmRef]


@dataclass(frozen=True, slots=True)
class BulkResponseResult:
    """Result of a bulk response: number of requests done, and reasons of refusals by request key."""

    done: int
    refused: dict[str, str]


def request_meetings(
    session: Session, actor: Actor, form: NewRequest, firm_keys: Sequence[str], *, now: datetime
) -> BulkRequestResult:
    """Send the same request to several firms. Each is sent independently: a refusal does not stop the others.

    Raises InvalidInput if there are no firms or too many, or for a fault that does not depend on the firm.
    """
    own = gettext_lazy("Only company contacts can request meetings for their company.")
    actor.require(Right.REQUEST_MEETINGS, firm_id=actor.firm_id, sentence=own)
    keys = list(dict.fromkeys(firm_keys))
    if not 1 <= len(keys) <= MOST_ASKED:
        raise InvalidInput([Fault("firms", gettext_lazy("select 1 to %(most)s companies", most=MOST_ASKED))])
    asked, refused = [], {}
    of_form: list[Fault] = []
    for key in keys:
        try:
            with session.begin_nested():
                asked.append(requests.submit_form(session, actor, replace(form, to_firm=key), now=now))
        except InvalidInput as error:
            of_form += [fault for fault in error.faults if fault.path in _OF_FORM]
            refused[key] = next((fault.message for fault in error.faults if fault.path not in _OF_FORM), "")
    if of_form and not asked:
        raise InvalidInput(list(dict.fromkeys(of_form)))
    why_not = {key: why or of_form[0].message for key, why in refused.items()}
    return BulkRequestResult(tuple(asked), why_not, list_firm_refs(session, actor, why_not))


_OF_FORM = {"topic", "message", "priority", "length"}


def respond_to_requests(
    session: Session,
    actor: Actor,
    keys: Sequence[str],
    *,
    is_accepted: bool,
    note: str = "",
    now: datetime,
) -> BulkResponseResult:
    """Accept or decline several requests. A refusal does not stop the others.

    Raises InvalidInput if there are no requests or too many, or if the note is too long.
    """
    own = gettext_lazy("Only company contacts can respond to requests for their company.")
    actor.require(Right.REQUEST_MEETINGS, firm_id=actor.firm_id, sentence=own)
    wanted = list(dict.fromkeys(keys))
    if not 1 <= len(wanted) <= MOST_ANSWERED:
        raise InvalidInput(
            [Fault("requests", gettext_lazy("select 1 to %(most)s requests", most=MOST_ANSWERED))]
        )
    step = requests.accept_request if is_accepted else requests.decline_request
    done, refused = 0, {}
    for key in wanted:
        try:
            with session.begin_nested():
                step(session, actor, key, note=note, now=now)
            done += 1
        except (WrongState, NotFound, NotAllowed) as error:
            refused[key] = error.user_message if isinstance(error, WrongState) else str(error)
    return BulkResponseResult(done, refused)


def undo_bulk_action(session: Session, actor: Actor, at: datetime, *, now: datetime) -> BulkResponseResult:
    """Undo all steps that the actor took by one bulk action at the time `at`, as far as possible.

    A step that can no longer be undone does not stop the others.
    """
    keys = session.scalars(
        select(MeetingRequest.key)
        .where(
            MeetingRequest.event_id == actor.event_id,
            MeetingRequest.responded_by == actor.own(Right.READ_REQUESTS),
            MeetingRequest.responded_at == at,
        )
        .order_by(MeetingRequest.id)
        .limit(MOST_ANSWERED)
    ).all()
    done, refused = 0, {}
    for key in keys:
        try:
            with session.begin_nested():
                requests.undo_step(session, actor, key, now=now)
            done += 1
        except (WrongState, NotFound, NotAllowed) as error:
            refused[key] = error.user_message if isinstance(error, WrongState) else str(error)
    return BulkResponseResult(done, refused)
