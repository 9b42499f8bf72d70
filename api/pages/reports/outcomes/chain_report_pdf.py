"""Chain report as a PDF: outcomes, the flow chart of the chain, guests of honour, countries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from api.language import speaking
from api.language.speaking import gettext, ngettext, pgettext
from api.pages import formatting, marks
from api.pages.formatting import number
from api.pages.reports.statistics import charts, gallery
from api.pages.reports.statistics.drawing import Drawing
from scheduler.domain import names
from scheduler.domain.entities import Tier
from scheduler.domain.rules.outcomes import WITH_AMOUNT, OutcomeReport
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import load_words
from scheduler.invites.pdf import document
from scheduler.invites.pdf.blocks import Block, Paragraph, Sheet, Style
from scheduler.invites.pdf.pictures import one_at_a_time
from scheduler.invites.pdf.tables import table_blocks
from scheduler.services.reports.outcomes.by_country import CountryShare, RequestCounts
from scheduler.services.reports.outcomes.chain_report import (
    ChainReport,
    GroupMeetings,
    OutcomeLine,
    ReportedMeeting,
)

MOST: Final = 300
"""Maximum number of listed meetings. The workbook has all."""
COUNTRY_NOTE: Final = gettext_lazy(
    "Scheduled meetings out of accepted requests, by each exhibitor's first area. A"
    " meeting counts for both exhibitors."
)
WIDTH: Final = 740.0
"""Width of a chart in units, chosen so that its text is as large in print as that of tables."""


def chain_report_pdf(report: ChainReport, event_name: str, stamp: str) -> bytes:
    """Return the PDF, deterministically for a report. `stamp` is its date and time."""
    title = gettext("Chain report, %(event)s", event=event_name)
    language = speaking.language()
    sheet = Sheet(
        title=title,
        language=language,
        blocks=list(_blocks(report, event_name, stamp)),
        page=load_words(language).sheet["page"],
        foot=[f"{title} · {stamp}"],
    )
    with one_at_a_time:
        return document.write_pdf(sheet)


def _blocks(report: ChainReport, event_name: str, stamp: str) -> Iterator[Block]:
    sentence = ngettext(
        "Published version %(number)s has %(num)s meeting. Started: %(begun)s. With an "
        "outcome: %(reported)s. Without an outcome: %(silent)s.",
        "Published version %(number)s has %(num)s meetings. Started: %(begun)s. With an"
        " outcome: %(reported)s. Without an outcome: %(silent)s.",
        report.meetings,
        number=str(report.number),
        begun=report.begun,
        reported=len(report.reported),
        silent=report.silent,
    )
    heading = (Style.HEADING, gettext("Chain report"))
    yield Block([heading, (Style.SOFT, event_name), (Style.SOFT, stamp), (Style.TEXT, sentence)])
    if report.reported:
        yield _bars(report)
    yield from _outcomes(report.outcomes)
    chain = gallery.chain_figure(report.flow, WIDTH)
    about: list[Paragraph] = [(Style.DAY, chain.title), (Style.TEXT, chain.sentence)]
    yield Block(
        [*about, (Style.SOFT, chain.note)], picture=chain.picture.vectors() if chain.picture else None
    )
    if report.guests:
        yield from _guests(report.guests)
    yield from _by_country(report)
    yield from _meetings(report.reported)


def _bars(report: ChainReport) -> Block:
    """Return a bar chart of the meetings by outcome."""
    title = gettext("Meeting outcomes")
    picture = Drawing("outcomes", WIDTH, 190, title, "")
    labels = [marks.outcome_word(line.kind) for line in report.outcomes]
    counts = [float(line.meetings) for line in report.outcomes]
    charts.bars(picture, [*labels, gettext("Not reported")], [*counts, float(report.silent)])
    return Block([(Style.DAY, title)], picture=picture.vectors())


def _outcomes(lines: Sequence[OutcomeLine]) -> list[Block]:
    rows = [
        [
            marks.outcome_word(line.kind),
            *(number(count) for count in (line.meetings, line.alike, line.alone, line.differing)),
            "; ".join(marks.money(amount, currency) for currency, amount in line.amounts.items()) or "–",
        ]
        for line in lines
    ]
    note = gettext(
        "Where the two sides differ, the lower outcome and the lower amount count. "
        "Amounts in different currencies are never added up."
    )
    header = [
        gettext("Outcome"),
        gettext("Meetings"),
        gettext("Reported by both sides"),
        gettext("Reported by one side"),
        gettext("Outcomes differ"),
        gettext("Counted amounts"),
    ]
    return [*table_blocks([], header, rows, [2, 1, 1, 1.2, 1.2, 3]), Block([(Style.SOFT, note)])]


def _guests(guests: Sequence[GroupMeetings]) -> list[Block]:
    rows = [[each.name, *map(number, (each.firms, each.meetings, each.cross_tier))] for each in guests]
    header = [gettext("Guest"), gettext("Exhibitors"), gettext("Meetings"), gettext("Across tiers")]
    return table_blocks([(Style.DAY, gettext("Guests of honour"))], header, rows, [4, 1, 1, 1.4])


def _by_country(report: ChainReport) -> list[Block]:
    title: Sequence[Paragraph] = [
        (Style.DAY, gettext("Supply chain by country, area and tier")),
        (Style.SOFT, speaking.said(COUNTRY_NOTE)),
    ]
    header = [
        gettext("Country"),
        gettext("Area"),
        gettext("Exhibitors"),
        *(marks.tier_label(tier.value) for tier in Tier),
        pgettext("areas", "All"),
        gettext("Across tiers"),
    ]
    areas = dict(report.flow.areas)
    rows = [
        [
            formatting.country(each.country),
            speaking.said(area_name(each, areas)),
            number(each.firms),
            *(share(each.tiers.get(tier)) for tier in Tier),
            share(each.all),
            number(each.cross_tier),
        ]
        for each in brief(report.countries)
    ]
    return table_blocks(title, header, rows, [2.2, 2.8, 0.8, 1.6, 1.6, 1.6, 1.6, 1.2], words=2)


def brief(countries: Sequence[CountryShare]) -> list[CountryShare]:
    """Return the total of each country above its areas. Countries with one area have no total."""
    sizes = Counter(each.country for each in countries if each.area is not None)
    return [each for each in countries if each.area is not None or sizes[each.country] != 1]


def area_name(each: CountryShare, names: Mapping[str, str]) -> str:
    if each.area is None:
        return gettext_lazy("All areas")
    return names.get(each.area, each.area) or gettext_lazy("No area")


def share(cell: RequestCounts | None) -> str:
    """Format "scheduled of accepted", or a dash if no request was accepted."""
    if cell is None or not cell.accepted:
        return "–"
    return gettext("%(num)s of %(all)s", num=cell.scheduled, all=cell.accepted).replace(" ", "\u00a0")


def _meetings(reported: Sequence[ReportedMeeting]) -> list[Block]:
    """Return the table of meetings with an intent or signature, the most significant first."""
    found = sorted(
        (each for each in reported if each.counts.kind in WITH_AMOUNT),
        key=lambda each: (each.counts.kind.value, each.counts.amount or 0),
        reverse=True,
    )
    title: list[Paragraph] = [(Style.DAY, gettext("Meetings that led to an intent or a signed agreement"))]
    if len(found) > MOST:
        told = gettext(
            "First %(most)s of %(all)s. The workbook has all of them.", most=MOST, all=number(len(found))
        )
        title.append((Style.SOFT, told))
    rows = [
        [
            *(names.localize_joined(firm, speaking.reader()) for firm in each.firms),
            *map(_word, each.words),
            _word(each.counts),
        ]
        for each in found[:MOST]
    ]
    header = [
        gettext("Requesting exhibitor"),
        gettext("Requested exhibitor"),
        gettext("Requester's outcome"),
        gettext("Other side's outcome"),
        gettext("Counted outcome"),
    ]
    return table_blocks(title, header, rows, [3, 3, 1.6, 1.6, 1.6], words=5)


def _word(word: OutcomeReport | None) -> str:
    if word is None:
        return "–"
    kind = marks.outcome_word(word.kind)
    return (
        kind
        if word.amount is None or word.currency is None
        else f"{kind}, {marks.money(word.amount, word.currency)}"
    )
