"""Table of all requests of an event, with bulk actions on behalf of firms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import fields
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.delegation_lookup import delegation_firms_query, find_delegation
from scheduler.services.directory.references import FirmRef, firm_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.participants.editing import MAX_ROWS
from scheduler.services.participants.record_tables import PAGE_SIZE
from scheduler.services.requests import requests
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.requests import RequestResult
from scheduler.services.spreadsheets.record_search import resolve_firm
from scheduler.services.text import MAX_SEARCH_WORDS, clean_line, match_condition
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Firm, MeetingRequest

_Sender, _Receiver = aliased(Firm), aliased(Firm)


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A row of a request."""

    key: str
    state: RequestState
    from_firm: FirmRef
    to_firm: FirmRef
    topic: str
    priority: int
    created_at: datetime
    expires_at: datetime | None
    responded_at: datetime | None
    by_organiser: bool
    """An organiser took the last step, or sent it for a firm."""


@dataclass(frozen=True, slots=True)
class RequestFilters:
    """Filters of the table: words, key of a firm, key of a delegation."""

    text: str = ""
    firm: str = ""
    delegation: str = ""


@dataclass(frozen=True, slots=True)
class BulkStepResult:
    """The result of a bulk step."""

    done: int
    """How many took the step."""
    refused: tuple[str, ...]
    """Why the others did not."""


_NEWEST = (MeetingRequest.created_at, MeetingRequest.id)
REQUEST_SORTS: Final[Mapping[str, Order]] = {
    "newest": Order("requests", _NEWEST, (datetime, int), descending=True),
    "expires": Order("requests by term", (MeetingRequest.expires_at, MeetingRequest.id), (datetime, int)),
    "priority": Order("requests by priority", (MeetingRequest.priority, MeetingRequest.id), (int, int), True),
    "from": Order("requests by asker", (Firm.latin_name, MeetingRequest.id), (str, int)),
    "to": Order("requests by asked", (Firm.latin_name, MeetingRequest.id), (str, int)),
}
_BY_FIRM: Final = {"from": MeetingRequest.from_firm_id, "to": MeetingRequest.to_firm_id}
_STEPS: Final[Mapping[str, Callable[..., RequestState]]] = {
    "accept": requests.accept_request,
    "decline": requests.decline_request,
    "withdraw": requests.withdraw_request,
    "undo": lambda session, actor, key, *, note, now: requests.undo_step(session, actor, key, now=now),
}


def list_requests(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    state: str = "",
    firm: str = "",
    delegation: str = "",
    sort: str = "newest",
    cursor: str | None = None,
    number: int = 1,
    limit: int = PAGE_SIZE,
    total: int | None = None,
) -> Page[RequestRow]:
    """Return requests by key: of all firms, one firm or one delegation. Delegation managers see only their
    firms.

    Runs three queries, or two if `total` is given. Pages by ids alone, because sorting whole rows of 45,000
    requests takes a quarter of a second.
    """
    order = REQUEST_SORTS.get(sort, REQUEST_SORTS["newest"])
    asked = RequestFilters(text, firm, delegation)
    query = _filter_requests(session, actor, select(MeetingRequest.id), asked)
    if state in {*RequestState}:
        query = query.where(MeetingRequest.state == RequestState(state))
    if sort in _BY_FIRM:
        query = query.join(Firm, Firm.id == _BY_FIRM[sort])
    page = fetch_page(session, query, order, cursor=cursor, number=number, limit=limit, total=total)
    ids = [row[0] for row in page.items]
    if not ids:
        return page.of(())
    rows = {row[0].id: row for row in session.execute(_ROWS.where(in_chunks(MeetingRequest.id, ids)))}
    return page.of(_row(rows[request_id]) for request_id in ids)


def count_states(
    session: Session, actor: Actor, *, text: str = "", firm: str = "", delegation: str = ""
) -> dict[str, int]:
    """Count the matching requests by state; the empty state counts all. Runs one query."""
    asked = RequestFilters(text, firm, delegation)
    counted = select(MeetingRequest.state, func.count()).select_from(MeetingRequest)
    rows = session.execute(_filter_requests(session, actor, counted, asked).group_by(MeetingRequest.state))
    found = {state.value: number for state, number in rows}
    return {"": sum(found.values())} | {state.value: found.get(state.value, 0) for state in RequestState}


def take_step(
    session: Session, actor: Actor, keys: Sequence[str], verb: str, *, note: str = "", now: datetime
) -> BulkStepResult:
    """Take a step on several requests, each on behalf of the firm whose turn it is.

    Refused requests do not change. A delegation manager acts for their own firms. Raises NotFound if the
    actor may not see a request.
    """
    actor.delegations_for(Right.REQUEST_MEETINGS)
    if verb not in _STEPS or not 1 <= len(set(keys)) <= MAX_ROWS:
        raise InvalidInput(
            [
                Fault(
                    "keys",
                    gettext_lazy(
                        "select 1 to %(most_at_once)s requests and an action", most_at_once=MAX_ROWS
                    ),
                )
            ]
        )
    done, refused = 0, []
    for key in dict.fromkeys(keys):
        requests.get_request(session, actor, key)
        try:
            _STEPS[verb](session, actor, key, note=note, now=now)
        except WrongState as error:
            refused.append(gettext_lazy("Request %(key)s: %(why)s", key=key, why=error.user_message))
        except NotFound:  # a delegation manager's: it is the other firm's turn
            refused.append(gettext_lazy("Only the company whose turn it is can do this."))
        else:
            done += 1
    return BulkStepResult(done, tuple(refused))


def request_meeting(session: Session, actor: Actor, form: NewRequest, *, now: datetime) -> RequestResult:
    """Send a request on a firm's behalf. Firms are given by key or full name.

    Raises InvalidInput by field.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    sides = {"from_firm": form.from_firm, "to_firm": form.to_firm}
    found = {name: resolve_firm(session, actor.event_id, said or "") for name, said in sides.items()}
    unknown = [
        Fault(name, gettext_lazy("enter the full name or ID of one exhibitor of this event"))
        for name, key in found.items()
        if not key
    ]
    if unknown:
        raise InvalidInput([*unknown, *fields.check_form(form)])
    named = NewRequest(
        to_firm=found["to_firm"],
        from_firm=found["from_firm"],
        topic=form.topic,
        message=form.message,
        priority=form.priority,
        length=form.length,
        place=form.place,
    )
    return requests.submit_form(session, actor, named, now=now)


_ROWS = (
    select(MeetingRequest, *firm_columns(_Sender), *firm_columns(_Receiver))
    .join(_Sender, _Sender.id == MeetingRequest.from_firm_id)
    .join(_Receiver, _Receiver.id == MeetingRequest.to_firm_id)
)


def _filter_requests(
    session: Session, actor: Actor, query: Select[*tuple[Any, ...]], asked: RequestFilters
) -> Select[*tuple[Any, ...]]:
    """SQL condition: requests of a firm in which every word matches a firm name, the topic or the key."""
    fields.require_valid("text", asked.text, fields.Search)
    query = query.where(MeetingRequest.event_id == actor.event_id)
    only = actor.delegations_for(Right.REQUEST_MEETINGS)
    if asked.delegation:
        only = frozenset((find_delegation(session, actor, asked.delegation, Right.REQUEST_MEETINGS).id,))
    if only is not None:
        query = query.where(_of(delegation_firms_query(*only)))
    firm = asked.firm
    for word in clean_line(asked.text).split()[:MAX_SEARCH_WORDS]:
        named = _firms(actor, match_condition(word, (Firm.name, Firm.latin_name)))
        in_topic = match_condition(word, (MeetingRequest.topic,))
        query = query.where(or_(_of(named), in_topic, MeetingRequest.key == word))
    return query.where(_of(_firms(actor, Firm.key == clean_line(firm)))) if firm else query


def _firms(actor: Actor, which: ColumnElement[bool]) -> Select[int]:
    return select(Firm.id).where(Firm.event_id == actor.event_id, which)


def _of(firms: Select[int]) -> ColumnElement[bool]:
    return or_(MeetingRequest.from_firm_id.in_(firms), MeetingRequest.to_firm_id.in_(firms))


def _row(row: Any) -> RequestRow:
    request: MeetingRequest = row[0]
    answered = request.responded_at is not None
    return RequestRow(
        key=request.key,
        state=request.state,
        from_firm=FirmRef(*row[1:5]),
        to_firm=FirmRef(*row[5:9]),
        topic=request.topic,
        priority=request.priority,
        created_at=request.created_at,
        expires_at=request.expires_at,
        responded_at=request.responded_at,
        by_organiser=(request.responded_by if answered else request.created_by) is None,
    )
