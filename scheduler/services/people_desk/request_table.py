"""The requests of a whole event as a table of the desk, and steps on several of them in firms' names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, SQLColumnExpression, func, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import fields
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import Fault, InvalidInput, WrongState
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.cells.columns import plain
from scheduler.services.directory.refs import FirmRef, firm_columns
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.people_desk.editing import MOST_AT_ONCE
from scheduler.services.people_desk.tables import PAGE
from scheduler.services.requests import requests
from scheduler.services.requests.form import NewRequest
from scheduler.services.requests.requests import Asked
from scheduler.services.text import matches, one_line
from scheduler.storage.models import Firm, MeetingRequest

_Sender, _Receiver = aliased(Firm), aliased(Firm)


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request in a line. `by_organiser`: an organiser took the last step, or asked, in a firm's name."""

    key: str
    state: RequestState
    from_firm: FirmRef
    to_firm: FirmRef
    topic: str
    priority: int
    created_at: datetime
    expires_at: datetime | None
    answered_at: datetime | None
    by_organiser: bool


@dataclass(frozen=True, slots=True)
class StepsTaken:
    """The result of a step on several requests: how many took it, and why the others did not."""

    done: int
    refused: tuple[str, ...]


_NEWEST = (MeetingRequest.created_at, MeetingRequest.id)
REQUEST_SORTS: Final[Mapping[str, Order]] = {
    "newest": Order("requests", _NEWEST, (datetime, int), descending=True),
    "expires": Order("requests by term", (MeetingRequest.expires_at, MeetingRequest.id), (datetime, int)),
    "priority": Order("requests by priority", (MeetingRequest.priority, MeetingRequest.id), (int, int), True),
    "from": Order("requests by asker", (_Sender.latin_name, MeetingRequest.id), (str, int)),
    "to": Order("requests by asked", (_Receiver.latin_name, MeetingRequest.id), (str, int)),
}
_STEPS: Final[Mapping[str, Callable[..., RequestState]]] = {
    "accept": requests.accept,
    "decline": requests.decline,
    "withdraw": requests.withdraw,
    "undo": lambda session, actor, key, *, note, now: requests.undo(session, actor, key, now=now),
}
_SEARCHED: Sequence[SQLColumnExpression[str]] = (
    _Sender.name, _Sender.latin_name, _Receiver.name, _Receiver.latin_name, MeetingRequest.topic,
    MeetingRequest.key,
)  # fmt: skip


def listing(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    state: str = "",
    firm: str = "",
    sort: str = "newest",
    number: int = 1,
) -> Page[RequestRow]:
    """Requests of all firms, or of one by its key. Two queries."""
    actor.require(Right.KEEP_PEOPLE)
    query = _narrowed(_with_firms(_ROWS), actor, text, firm)
    if state in {*RequestState}:
        query = query.where(MeetingRequest.state == RequestState(state))
    page = fetch_page(
        session, query, REQUEST_SORTS.get(sort, REQUEST_SORTS["newest"]), number=number, limit=PAGE
    )
    return page.of(_row(row) for row in page.items)


def state_counts(session: Session, actor: Actor, *, text: str = "", firm: str = "") -> dict[str, int]:
    """How many requests of the same search are in each state; of all by an empty name. One query."""
    actor.require(Right.KEEP_PEOPLE)
    counted = select(MeetingRequest.state, func.count()).select_from(MeetingRequest)
    if one_line(text) or firm:
        counted = _with_firms(counted)
    rows = session.execute(_narrowed(counted, actor, text, firm).group_by(MeetingRequest.state))
    found = {state.value: number for state, number in rows}
    return {"": sum(found.values())} | {state.value: found.get(state.value, 0) for state in RequestState}


def take(
    session: Session, actor: Actor, keys: Sequence[str], verb: str, *, note: str = "", now: datetime
) -> StepsTaken:
    """Take a step on several requests, each in the name of the firm whose step it is.

    One that cannot take it is left as it is, and the others go on.
    """
    actor.require(Right.KEEP_PEOPLE)
    if verb not in _STEPS or not 1 <= len(set(keys)) <= MOST_AT_ONCE:
        raise InvalidInput([Fault("keys", f"choose 1 to {MOST_AT_ONCE} requests, and what to do")])
    done, refused = 0, []
    for key in dict.fromkeys(keys):
        try:
            _STEPS[verb](session, actor, key, note=note, now=now)
        except WrongState as error:
            refused.append(str(error))
        else:
            done += 1
    return StepsTaken(done, tuple(refused))


def ask(session: Session, actor: Actor, form: NewRequest, *, now: datetime) -> Asked:
    """Ask in a firm's name. Both firms may be given by key or by their whole name.

    Raises InvalidInput with each fault by field.
    """
    actor.require(Right.KEEP_PEOPLE)
    found = {name: _firm(session, actor, getattr(form, name) or "") for name in ("from_firm", "to_firm")}
    faults = [
        Fault(name, "is not a firm of this event, or several have that name; write its key")
        for name, key in found.items()
        if not key
    ]
    if faults:
        raise InvalidInput(faults)
    named = NewRequest(
        to_firm=found["to_firm"],
        from_firm=found["from_firm"],
        topic=form.topic,
        message=form.message,
        priority=form.priority,
        length=form.length,
        place=form.place,
    )
    return requests.ask(session, actor, named, now=now)


def _firm(session: Session, actor: Actor, said: str) -> str:
    """The key of the one firm that is meant, or nothing."""
    text = one_line(said)[: fields.limits(fields.FirmName).most]
    if not text:
        return ""
    rows = session.execute(
        select(Firm.key, Firm.name, Firm.latin_name).where(
            Firm.event_id == actor.event_id, matches(text, (Firm.key, Firm.name, Firm.latin_name))
        )
    ).all()
    exact = [key for key, *_ in rows if key == text]
    named = [key for key, *names in rows if plain(text) in {plain(name) for name in names}]
    found = exact or named or ([rows[0].key] if len(rows) == 1 else [])
    return found[0] if len(found) == 1 else ""


_ROWS = select(MeetingRequest, *firm_columns(_Sender), *firm_columns(_Receiver))


def _with_firms(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.join(_Sender, _Sender.id == MeetingRequest.from_firm_id).join(
        _Receiver, _Receiver.id == MeetingRequest.to_firm_id
    )


def _narrowed(
    query: Select[*tuple[Any, ...]], actor: Actor, text: str, firm: str
) -> Select[*tuple[Any, ...]]:
    query = query.where(MeetingRequest.event_id == actor.event_id)
    if one_line(text):
        fields.require("text", text, fields.Search)
        query = query.where(matches(text, _SEARCHED))
    if firm:
        query = query.where((_Sender.key == one_line(firm)) | (_Receiver.key == one_line(firm)))
    return query


def _row(row: Any) -> RequestRow:
    request: MeetingRequest = row[0]
    answered = request.answered_at is not None
    return RequestRow(
        key=request.key,
        state=request.state,
        from_firm=FirmRef(*row[1:5]),
        to_firm=FirmRef(*row[5:9]),
        topic=request.topic,
        priority=request.priority,
        created_at=request.created_at,
        expires_at=request.expires_at,
        answered_at=request.answered_at,
        by_organiser=(request.answered_by if answered else request.created_by) is None,
    )
