"""Outcomes of meetings, read and reported for a firm, and the organisers' chain report."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.outcomes.schemas import (
    ChainReportOut,
    MeetingOutcomeOut,
    OutcomeIn,
    OutcomeListOut,
    OutcomeQuery,
    ReportedMeetingOut,
    ReportedMeetingQuery,
)
from api.v1.schemas.base import UpdateListing
from api.v1.updates import find_updates
from scheduler.domain import names
from scheduler.domain.errors import NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.paging import Page
from scheduler.services.reports.outcomes import outcomes
from scheduler.services.reports.outcomes.chain_report import (
    ReportedMeeting,
    get_chain_report,
    get_reported_page,
)
from scheduler.services.reports.outcomes.outcome_list import get_outcome_list
from scheduler.services.reports.outcomes.outcome_updates import OutcomeUpdate, list_outcome_updates
from scheduler.services.reports.outcomes.outcomes import MeetingWithOutcomes, OutcomeForm

TAG = "Outcomes"
READ, WRITE, SCHEDULE = "outcomes:read", "outcomes:write", "schedule:read"
ONE = "/meetings/<key>/outcome"
NOT_YET = "before a schedule is published"


@blueprint.get("/outcomes")
@blueprint.auth_required(token, roles=[READ, SCHEDULE])
@blueprint.input(OutcomeQuery, location="query", arg_name="query")
@operation(tag=TAG, also=(404,))
@blueprint.output(OutcomeListOut)
def list_outcomes(db: Session, actor: Actor, query: OutcomeQuery) -> Any:
    """List the firm's started meetings with their outcomes; for exhibitors"""
    found = get_outcome_list(db, actor, show=query.filter, now=context.now())
    return {
        "version": found.version,
        "items": [_meeting(each) for each in found.meetings],
        "counts": found.counts,
        "upcoming": found.ahead,
    }


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG, also=(409,))
@blueprint.output(MeetingOutcomeOut)
def show_outcome(db: Session, actor: Actor, key: str) -> Any:
    """Show the outcome of a meeting that each side reports; the key is its request's"""
    return _meeting(outcomes.get_meeting(db, actor, key, now=context.now()))


@blueprint.post(ONE)
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(OutcomeIn, arg_name="body")
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(MeetingOutcomeOut)
def report_outcome(db: Session, actor: Actor, body: OutcomeIn, key: str) -> Any:
    """Report the outcome of a started meeting for the firm, replacing an earlier report"""
    amount = "" if body.amount is None else str(body.amount)
    form = OutcomeForm(body.kind.value, amount, body.currency or "")
    outcomes.report_outcome(db, actor, key, form, now=context.now())
    return _meeting(outcomes.get_meeting(db, actor, key, now=context.now()))


@blueprint.post(f"{ONE}/withdraw")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(MeetingOutcomeOut)
def withdraw_outcome(db: Session, actor: Actor, key: str) -> Any:
    """Withdraw the firm's latest report: the one before it counts again, if any"""
    outcomes.withdraw_outcome(db, actor, key, now=context.now())
    return _meeting(outcomes.get_meeting(db, actor, key, now=context.now()))


@blueprint.get("/chain-report")
@blueprint.auth_required(token, roles=[READ, SCHEDULE])
@operation(tag=TAG, also=(404,))
@blueprint.output(ChainReportOut)
def show_chain_report(db: Session, actor: Actor) -> Any:
    """Show links of the value chain, guests of honour and outcomes; for organisers"""
    report = get_chain_report(db, actor, now=context.now())
    if report is None:
        raise NotFound("chain report", NOT_YET)
    told = ("number", "meetings", "begun", "silent", "countries", "guests", "outcomes")
    return {name: getattr(report, name) for name in told} | {
        "areas": dict(report.flow.areas),
        "links": report.flow.links,
    }


@blueprint.get("/chain-report/meetings")
@blueprint.auth_required(token, roles=[READ, SCHEDULE])
@blueprint.input(ReportedMeetingQuery, location="query", arg_name="query")
@operation(tag=TAG, also=(404,))
@blueprint.output(UpdateListing[ReportedMeetingOut])
def list_reported_meetings(db: Session, actor: Actor, query: ReportedMeetingQuery) -> Any:
    """List the meetings with a reported outcome; for organisers"""
    shown = {"cursor": query.cursor, "limit": query.limit}
    updates = find_updates(query.updated_since)
    page: Page[ReportedMeeting | OutcomeUpdate] | None = (
        get_reported_page(db, actor, **shown, now=context.now())  # type: ignore[arg-type]
        if updates is None
        else list_outcome_updates(db, actor, updates, **shown)  # type: ignore[arg-type]
    )
    if page is None:
        raise NotFound("chain report", NOT_YET)
    return page.of(
        {
            "request": each.request,
            "from_firm": names.localize_joined(each.firms[0], "en"),
            "to_firm": names.localize_joined(each.firms[1], "en"),
            "from_outcome": each.words[0],
            "to_outcome": each.words[1],
            "counted": each.counts,
            "is_removed": each.is_removed,
        }
        for each in page.items
    )


def _meeting(found: MeetingWithOutcomes) -> dict[str, Any]:
    words = found.words
    return {
        "meeting": found.item,
        "own": words.own,
        "partner": words.partner,
        "counted": words.counted,
        "differ": words.differ,
        "can_report": words.may_say,
    }
