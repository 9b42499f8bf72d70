"""Chain report of an event: meetings along the chain, guests of honour, outcomes; as a page and files."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, abort
from flask_login import login_required

from api import auth, context, limits
from api.downloads import download
from api.language import choosing
from api.language.catalogs import SOURCE
from api.pages import formatting, marks, rendering
from api.pages.reports.outcomes import chain_report_pdf
from api.pages.reports.statistics import gallery
from scheduler.domain import names
from scheduler.domain.entities import Tier
from scheduler.domain.rules.outcomes import OutcomeReport
from scheduler.services.events import events
from scheduler.services.exports import export_log
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import Actor
from scheduler.services.reports.outcomes.by_country import RequestCounts
from scheduler.services.reports.outcomes.chain_report import ChainReport, OutcomeLine, get_chain_report
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OUTCOMES = (
    *("Outcome", "Meetings", "Reported by both sides", "Reported by one side", "Outcomes differ"),
    *("Currency", "Counted amount"),
)
_COUNTRIES = (
    *("Country", "Area", "Exhibitors"),
    *(
        f"{tier}: {word}"
        for tier in (*(tier.value.capitalize() for tier in Tier), "All")
        for word in ("accepted", "scheduled")
    ),
    "Between two tiers",
)
blueprint = APIBlueprint("chain_report", __name__, enable_openapi=False, url_prefix="/events/<event_key>")


@blueprint.get("/chain-report")
@login_required
def show_report(event_key: str) -> str:
    """Show the report."""
    actor = auth.organiser(event_key)
    with context.database().read() as db:
        report = get_chain_report(db, actor, now=context.now())
        figure = gallery.chain_figure(report.flow) if report else None
        return rendering.render(
            db,
            actor,
            "chain_report",
            "reports/outcomes/report.html",
            report=report,
            figure=figure,
            by_country=chain_report_pdf,
            tiers=tuple(Tier),
            areas=dict(report.flow.areas) if report else {},
        )


@blueprint.get("/chain-report.xlsx")
@login_required
def download_workbook(event_key: str) -> Response:
    """Export the report as a workbook in English, including all meetings with outcomes."""
    choosing.speak(SOURCE)
    actor = auth.organiser(event_key)
    limits.require_costly()
    with context.database().read() as db:
        report = get_chain_report(db, actor, now=context.now())
    if report is None:
        abort(404)
    return _download(actor, f"chain-report-{event_key}.xlsx", write_xlsx(_sheets(report)), XLSX)


@blueprint.get("/chain-report.pdf")
@login_required
def download_pdf(event_key: str) -> Response:
    """Export the report as a PDF with its chart, in the reader's language."""
    actor = auth.organiser(event_key)
    limits.require_costly()
    now = context.now()
    with context.database().read() as db:
        report = get_chain_report(db, actor, now=now)
        event = events.get_event(db, actor)
    if report is None:
        abort(404)
    zone = event.timezone
    moment = f"{formatting.local_day(now, zone)}, {formatting.local_time(now, zone)}"
    stamp = f"{moment} ({formatting.zone_name(zone, now)})"
    made = chain_report_pdf.chain_report_pdf(report, event.name, stamp)
    return _download(actor, f"chain-report-{event_key}.pdf", made, "application/pdf")


def _download(actor: Actor, name: str, octets: bytes, kind: str) -> Response:
    """Return a file as a download, recorded in the audit log."""
    with context.database().write() as db:
        export_log.log_export(db, actor, name, now=context.now())
    return download(Export(octets, name), kind)


def _sheets(report: ChainReport) -> list[OutputSheet]:
    areas = dict(report.flow.areas)
    links = [
        (
            link.upper,
            areas[link.upper_area],
            link.lower,
            areas[link.lower_area],
            link.accepted,
            link.scheduled,
        )
        for link in report.flow.links
    ]
    countries: list[tuple[Cell, ...]] = [
        (
            formatting.country(each.country),
            chain_report_pdf.area_name(each, areas),
            each.firms,
            *(count for tier in Tier for count in _counts(each.tiers.get(tier))),
            *_counts(each.all),
            each.cross_tier,
        )
        for each in report.countries
    ]
    guests = [(each.name, each.firms, each.meetings, each.cross_tier) for each in report.guests]
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
        (
            each.request,
            *(names.localize_joined(firm, "en") for firm in each.firms),
            *_word(each.words[0]),
            *_word(each.words[1]),
            *_word(each.counts),
        )
        for each in report.reported
    ]
    word = ("outcome", "amount", "currency")
    head = [
        f"{who} {each}"
        for who in ("Requesting exhibitor:", "Requested exhibitor:", "Counted:")
        for each in word
    ]
    return [
        OutputSheet("Outcomes", _OUTCOMES, outcomes),
        OutputSheet("Meetings", ["Request", "Requesting exhibitor", "Requested exhibitor", *head], said),
        OutputSheet("Links", ["Tier", "Area", "Other tier", "Other area", "Accepted", "Scheduled"], links),
        OutputSheet("Countries", _COUNTRIES, countries),
        OutputSheet("Guests of honour", ["Guest", "Exhibitors", "Meetings", "Across tiers"], guests),
    ]


def _counts(cell: RequestCounts | None) -> tuple[int, int]:
    return (cell.accepted, cell.scheduled) if cell else (0, 0)


def _word(word: OutcomeReport | None) -> tuple[Cell, Cell, Cell]:
    return (marks.outcome_word(word.kind), word.amount, word.currency) if word else (None, None, None)


def _amounts(line: OutcomeLine) -> list[tuple[str, int | None]]:
    """Return a row per currency, or one without an amount."""
    return [*line.amounts.items()] or [("", None)]
