"""A firm's list of its meetings' outcomes, with missing reports, and as XLSX."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request
from flask_login import login_required

from api import auth, context, limits
from api.downloads import download
from api.language import speaking
from api.language.speaking import gettext
from api.pages import formatting, marks, rendering
from scheduler.domain import names
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import FirmRef, PersonRef
from scheduler.services.events import events
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.reports.outcomes.outcome_list import OutcomeFilter, get_outcome_list
from scheduler.services.reports.outcomes.outcomes import MeetingWithOutcomes, ReportedOutcome
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx

blueprint = APIBlueprint("outcome_list", __name__, enable_openapi=False, url_prefix="/events/<event_key>")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWS = {
    OutcomeFilter.ALL: gettext_lazy("All"),
    OutcomeFilter.OURS_MISSING: gettext_lazy("Your outcome is missing"),
    OutcomeFilter.THEIRS_MISSING: gettext_lazy("Partner's outcome is missing"),
    OutcomeFilter.DIFFER: gettext_lazy("Outcomes differ"),
    OutcomeFilter.SIGNED: gettext_lazy("Signed"),
    OutcomeFilter.INTENT: gettext_lazy("Intent"),
    OutcomeFilter.FOLLOW_UP: gettext_lazy("Follow-up"),
    OutcomeFilter.NOTHING: gettext_lazy("No result"),
}
"""Labels of the list's filters."""


@blueprint.get("/outcomes")
@login_required
def list_outcomes(event_key: str) -> str:
    """List the meetings that have begun, with both firms' outcomes and the form to report one."""
    actor = auth.actor(event_key)
    with context.database().read() as db:
        shown = _asked()
        found = get_outcome_list(db, actor, show=shown, now=context.now())
        names_of = {each: speaking.said(SHOWS[each]) for each in OutcomeFilter}
        return rendering.render(
            db, actor, "outcomes", "reports/outcomes/list.html", found=found, show=shown, shows=names_of
        )


@blueprint.get("/outcomes.xlsx")
@login_required
def download_workbook(event_key: str) -> Response:
    """Export the same meetings as a workbook."""
    actor = auth.actor(event_key)
    limits.require_costly()
    with context.database().read() as db:
        found = get_outcome_list(db, actor, show=_asked(), now=context.now())
        zone = events.get_event(db, actor).timezone
    head = [
        *(
            gettext("Day"),
            gettext("From"),
            gettext("Until"),
            gettext("Partner"),
            gettext("Your company's attendees"),
        ),
        *(gettext("Partner's attendees"), gettext("Your outcome"), gettext("Amount"), gettext("Currency")),
        *(
            gettext("Partner's outcome"),
            gettext("Partner's amount"),
            gettext("Partner's currency"),
            gettext("Counted outcome"),
        ),
    ]
    rows = [_row(each, zone) for each in found.meetings]
    octets = write_xlsx([OutputSheet(gettext("Outcomes"), head, rows)])
    return download(Export(octets, f"outcomes-{event_key}.xlsx"), XLSX)


def _asked() -> OutcomeFilter:
    asked = request.args.get("show", "")
    return OutcomeFilter(asked) if asked in set(OutcomeFilter) else OutcomeFilter.ALL


def _row(each: MeetingWithOutcomes, zone: str) -> list[Cell]:
    item, words = each.item, each.words
    return [
        formatting.local_day(item.start, zone),
        formatting.local_time(item.start, zone),
        formatting.local_time(item.end, zone),
        _name(item.partner),
        "; ".join(map(_name, item.people)),
        "; ".join(map(_name, item.partner_people)),
        *_said(words.own),
        *_said(words.partner),
        marks.outcome_word(words.counted.kind) if words.counted else None,
    ]


def _name(named: FirmRef | PersonRef) -> str:
    return names.display_both(named.name, named.latin_name, speaking.reader())


def _said(word: ReportedOutcome | None) -> tuple[Cell, Cell, Cell]:
    if word is None:
        return (None, None, None)
    return (marks.outcome_word(word.outcome.kind), word.outcome.amount, word.outcome.currency)
