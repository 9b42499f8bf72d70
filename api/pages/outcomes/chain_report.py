"""The chain report of an event: chains that met, guests of honour, what came of meetings; also as XLSX."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, abort
from flask_login import login_required

from api import auth, context, limits
from api.pages import marks, presentation, rendering
from api.pages.figures import gallery
from scheduler.domain.rules.outcomes import OutcomeWord
from scheduler.services.exports import noting
from scheduler.services.outcomes.report import ChainReport, OutcomeLine, chain_report
from scheduler.sheets.writing import Cell, SheetOut, xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OUTCOMES = ("Outcome", "Meetings", "Both say so", "One side says so", "The two differ", "Currency", "Amount")
blueprint = APIBlueprint("chain_report", __name__, enable_openapi=False, url_prefix="/events/<event_key>")


@blueprint.get("/chain-report")
@login_required
def show(event_key: str) -> str:
    """The report as a page."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        report = chain_report(db, actor, now=context.now())
        figure = gallery.chain(db, actor, report.number) if report else None
        return rendering.render(
            db, actor, "chain_report", "outcomes/report.html", report=report, figure=figure
        )


@blueprint.get("/chain-report.xlsx")
@login_required
def workbook(event_key: str) -> Response:
    """The report as a workbook, with each meeting of which somebody says what came."""
    actor = auth.organiser(event_key)
    limits.require_costly()
    with context.database().read() as db:
        report = chain_report(db, actor, now=context.now())
    if report is None:
        abort(404)
    name = f"chain-report-{event_key}.xlsx"
    with context.database().write() as db:
        noting.note(db, actor, name, now=context.now())
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(xlsx(_sheets(report)), content_type=XLSX, headers=headers)


def _sheets(report: ChainReport) -> list[SheetOut]:
    names = dict(report.flow.areas)
    links = [
        (link.upper, names[link.upper_area], link.lower, names[link.lower_area], link.wished, link.held)
        for link in report.flow.links
    ]
    groups = ("Firms", "Meetings", "Between two tiers")
    countries = [
        (presentation.country(each.name), each.firms, each.meetings, each.across) for each in report.countries
    ]
    guests = [(each.name, each.firms, each.meetings, each.across) for each in report.guests]
    outcomes: list[tuple[Cell, ...]] = [
        (
            marks.outcome_word(line.kind),
            line.meetings,
            line.alike,
            line.alone,
            line.differing,
            currency,
            amount,
        )
        for line in report.outcomes
        for currency, amount in _amounts(line)
    ]
    said = [
        (each.request, *each.firms, *_word(each.words[0]), *_word(each.words[1]), *_word(each.counts))
        for each in report.reported
    ]
    word = ("outcome", "amount", "currency")
    head = [f"{who} {each}" for who in ("Asking firm:", "Asked firm:", "Counts:") for each in word]
    return [
        SheetOut("Outcomes", _OUTCOMES, outcomes),
        SheetOut("Meetings", ["Request", "Firm that asks", "Firm asked", *head], said),
        SheetOut("Links", ["Tier", "Area", "Other tier", "Other area", "Wished", "Held"], links),
        SheetOut("Countries", ["Country", *groups], countries),
        SheetOut("Guests of honour", ["Guest", *groups], guests),
    ]


def _word(word: OutcomeWord | None) -> tuple[Cell, Cell, Cell]:
    return (marks.outcome_word(word.kind), word.amount, word.currency) if word else (None, None, None)


def _amounts(line: OutcomeLine) -> list[tuple[str, int | None]]:
    """A row a currency, and one for an outcome without an amount."""
    return [*line.amounts.items()] or [("", None)]
