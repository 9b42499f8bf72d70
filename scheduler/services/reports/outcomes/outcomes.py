"""Meeting outcomes as each side reports them: entered after the start, changed, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from scheduler import i18n
from scheduler.domain import fields
from scheduler.domain.entities import RequestState, Side, VersionState
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.domain.rules.outcomes import (
    WITH_AMOUNT,
    OutcomeKind,
    OutcomeReport,
    merge_outcomes,
    outcomes_differ,
)
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import PersonRef, person_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import agendas, versions
from scheduler.services.schedule.agendas import AgendaItem
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Firm,
    MeetingOutcome,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)
from scheduler.storage.rows import rows_of

_WHOLE = re.compile(r"[0-9]{1,15}|[0-9]{1,3}([ ,.'\u00a0\u202f][0-9]{3}){1,4}")
"""A whole number, optionally with thousands separators; 1,5 is none."""


@dataclass(frozen=True, slots=True)
class OutcomeForm:
    """Outcome form. The amount is text, so that invalid input can be shown again."""

    kind: str
    amount: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ReportedOutcome:
    """A side's report of the outcome."""

    outcome: OutcomeReport
    by: PersonRef
    reported_at: datetime
    is_changed: bool
    """It reported something else before."""


@dataclass(frozen=True, slots=True)
class MeetingOutcomes:
    """Reports of the viewer's and the partner's side.

    `may_say` is True if the actor can report for its side.
    """

    own: ReportedOutcome | None
    partner: ReportedOutcome | None
    may_say: bool

    @property
    def said(self) -> list[OutcomeReport]:
        return [each.outcome for each in (self.own, self.partner) if each is not None]

    @property
    def differ(self) -> bool:
        return outcomes_differ(self.said)

    @property
    def counted(self) -> OutcomeReport | None:
        return merge_outcomes(self.said)


@dataclass(frozen=True, slots=True)
class MeetingWithOutcomes:
    """A meeting as the actor's side sees it, with both reports."""

    item: AgendaItem
    words: MeetingOutcomes


def list_outcomes(
    session: Session, actor: Actor, items: Iterable[AgendaItem], *, now: datetime
) -> dict[str, MeetingOutcomes]:
    """Return reports on started meetings of the actor's firm, by request key. Runs two queries.

    `items` are meetings of an agenda that the actor may read. Cancelled ones are left out.
    """
    firm, person = _keys(session, actor)
    begun = {
        item.request_key: item
        for item in items
        if item.start <= now and not item.is_called_off and item.firm.key == firm
    }
    if not begun:
        return {}
    rows = session.execute(
        select(
            MeetingRequest.key,
            MeetingRequest.from_firm_id == actor.firm_id,
            MeetingOutcome.side,
            MeetingOutcome.kind,
            MeetingOutcome.amount,
            MeetingOutcome.currency,
            MeetingOutcome.reported_at,
            MeetingOutcome.before,
            *person_columns(Attendee),
        )
        .join(MeetingOutcome, MeetingOutcome.request_id == MeetingRequest.id)
        .join(Attendee, Attendee.id == MeetingOutcome.reported_by)
        .where(
            MeetingRequest.event_id == actor.event_id,
            in_chunks(MeetingRequest.key, begun),
            MeetingOutcome.withdrawn_at.is_(None),
        )
    )
    found: dict[tuple[str, bool], ReportedOutcome] = {}
    for key, has_asked, side, kind, amount, currency, reported_at, before, *names in rows:
        outcome = OutcomeReport(kind, amount, currency)
        is_own = bool(has_asked) == (side is Side.FROM)
        found[key, is_own] = ReportedOutcome(outcome, PersonRef(*names), reported_at, before is not None)
    for_all = actor.may(Right.REPORT_OUTCOMES, firm_id=actor.firm_id)
    for_self = actor.may(Right.REPORT_OUTCOMES, attendee_id=actor.attendee_id)
    return {
        key: MeetingOutcomes(
            own=found.get((key, True)),
            partner=found.get((key, False)),
            may_say=for_all or (for_self and any(each.key == person for each in item.people)),
        )
        for key, item in begun.items()
    }


def get_meeting(session: Session, actor: Actor, request_key: str, *, now: datetime) -> MeetingWithOutcomes:
    """Return a started meeting of the actor's firm. Raises NotFound, and WrongState before its start."""
    actor.require(Right.READ_OUTCOMES, firm_id=actor.firm_id, attendee_id=actor.attendee_id)
    version = versions.find_published_version(session, actor.event_id)
    if version is None or actor.firm_id is None or not is_storable(request_key):
        raise NotFound("meeting", request_key)
    item = agendas.list_firm_meetings(session, actor, version, [request_key]).get(request_key)
    if item is None or item.firm.key != _keys(session, actor)[0]:
        raise NotFound("meeting", request_key)
    words = list_outcomes(session, actor, [item], now=now).get(request_key)
    if words is None:
        raise WrongState("meeting", request_key, _state(item.is_called_off), "say what came of it")
    return MeetingWithOutcomes(item, words)


def report_outcome(
    session: Session, actor: Actor, request_key: str, form: OutcomeForm, *, now: datetime
) -> OutcomeReport:
    """Report an outcome for the actor's side, replacing its earlier report.

    Raises NotFound for another firm's meeting, WrongState before its start or if cancelled, and InvalidInput
    by `kind`, `amount`, `currency`.
    """
    request, side = _lock_own_request(session, actor, request_key, now)
    outcome = _parse_form(form)
    row = session.get(MeetingOutcome, (request.id, side), populate_existing=True)
    before = _values(row)
    if before == _serialize_outcome(outcome):
        return outcome
    if row is None:
        row = MeetingOutcome(request_id=request.id, side=side)
        session.add(row)
    row.before, row.withdrawn_at = before, None
    _set_values(row, _serialize_outcome(outcome), actor, now)
    _note(session, actor, request_key, before or {}, _serialize_outcome(outcome), now)
    return outcome


def withdraw_outcome(session: Session, actor: Actor, request_key: str, *, now: datetime) -> None:
    """Withdraw the side's latest report.

    The earlier one, if any, applies again. Raises like `report_outcome`.
    """
    request, side = _lock_own_request(session, actor, request_key, now)
    row = session.get(MeetingOutcome, (request.id, side), populate_existing=True)
    if row is None or row.withdrawn_at is not None:
        return
    said, before = _values(row), row.before
    if before is None:
        row.withdrawn_at, row.amount, row.currency = now, None, None
    else:
        row.before = None
        _set_values(row, before, actor, now)
    _note(session, actor, request_key, said or {}, before or {}, now)


def _lock_own_request(
    session: Session, actor: Actor, request_key: str, now: datetime
) -> tuple[MeetingRequest, Side]:
    """Return the request of a started published meeting, locked, and the actor's side."""
    if actor.attendee_id is None or not is_storable(request_key):
        raise NotFound("meeting", request_key)
    request = session.scalar(  # serialises reports of one meeting
        select(MeetingRequest)
        .where(MeetingRequest.event_id == actor.event_id, MeetingRequest.key == request_key)
        .with_for_update(key_share=True)
    )
    if request is None or actor.firm_id not in (request.from_firm_id, request.to_firm_id):
        raise NotFound("meeting", request_key)
    held = session.execute(
        select(PlannedMeeting.id, Slot.start)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .where(PlannedMeeting.request_id == request.id, ScheduleVersion.state == VersionState.PUBLISHED)
    ).first()
    if held is None:
        raise NotFound("meeting", request_key)
    sits = session.get(PlannedAttendee, (held[0], actor.attendee_id)) is not None
    actor.require(
        Right.REPORT_OUTCOMES,
        firm_id=actor.firm_id,
        attendee_id=actor.attendee_id if sits else None,
        sentence="Those who sat in the meeting and their firm's exhibitors say what came of it.",
    )
    is_off = request.state is not RequestState.ACCEPTED
    if is_off or held[1] > now:
        raise WrongState("meeting", request_key, _state(is_off), "say what came of it")
    return request, Side.FROM if actor.firm_id == request.from_firm_id else Side.TO


def _parse_form(form: OutcomeForm) -> OutcomeReport:
    faults: list[Fault] = []
    if form.kind not in {*OutcomeKind}:
        raise InvalidInput([Fault("kind", i18n.gettext_lazy("choose one of the options"))])
    kind = OutcomeKind(form.kind)
    typed = form.amount.strip()
    if not typed:
        return OutcomeReport(kind)
    digits = re.sub(r"\D", "", typed) if _WHOLE.fullmatch(typed) else ""
    if kind not in WITH_AMOUNT:
        faults.append(
            Fault(
                "amount",
                i18n.gettext_lazy(
                    "enter an amount only for an intent or a signed agreement; otherwise leave it blank"
                ),
            )
        )
    elif not digits or not fields.limits(fields.Amount).hold(int(digits)):
        most = fields.limits(fields.Amount).most
        faults.append(
            Fault("amount", i18n.gettext_lazy("enter a whole number from 1 to %(most)s", most=most))
        )
    if form.currency not in fields.CURRENCIES:
        faults.append(Fault("currency", i18n.gettext_lazy("choose one of the options")))
    if faults:
        raise InvalidInput(faults)
    return OutcomeReport(kind, int(digits), form.currency)


def _serialize_outcome(outcome: OutcomeReport) -> dict[str, Any]:
    return {"kind": outcome.kind.value, "amount": outcome.amount, "currency": outcome.currency}


def _values(row: MeetingOutcome | None) -> dict[str, Any] | None:
    if row is None or row.withdrawn_at is not None:
        return None
    return _serialize_outcome(OutcomeReport(row.kind, row.amount, row.currency))


def _set_values(row: MeetingOutcome, values: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    row.kind, row.amount, row.currency = OutcomeKind(values["kind"]), values["amount"], values["currency"]
    row.reported_by, row.reported_at = actor.attendee_id or 0, now


def _note(
    session: Session,
    actor: Actor,
    key: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    now: datetime,
) -> None:
    about, (firm, _) = pgettext_lazy("audit log", "meeting %(key)s", key=key), _keys(session, actor)
    recording.record_act(
        session, actor, Act.OUTCOME, about, before=before, after=after, for_firm=firm, now=now
    )


_KEYS = (
    select(Firm.key, Attendee.key)
    .join(Attendee, Attendee.firm_id == Firm.id)
    .where(Attendee.id == bindparam("person"))
)


def _keys(session: Session, actor: Actor) -> tuple[str, str]:
    """Return the keys of the actor's firm and person; empty for non-attendees."""
    row = rows_of(session, _KEYS, person=actor.attendee_id).first()
    return (row[0], row[1]) if row is not None else ("", "")


def _state(is_off: bool) -> str:
    return "called off" if is_off else "not begun"
