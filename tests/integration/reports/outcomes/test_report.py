"""The outcomes report equals independent counts; its page, workbook and PDF show it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pymupdf
import pytest
from sqlalchemy import select, text

from scheduler.domain.entities import RequestState, Tier
from scheduler.domain.errors import NotAllowed
from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.services.reports.outcomes import outcomes
from scheduler.services.reports.outcomes.by_country import CountryShare
from scheduler.services.reports.outcomes.chain_report import ChainReport, get_chain_report
from scheduler.services.reports.outcomes.outcomes import OutcomeForm
from scheduler.sheets.workbook import read_workbook
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Firm, MeetingRequest
from tests.support import clocks
from tests.support.factories import make_request
from tests.support.queries import count_selects
from tests.support.running_event import Fair, make_fair
from tests.support.site import Site
from tests.support.web import web_app


def told(database: Database) -> Fair:
    """Four meetings of firm 0: signed by both, signed and intent, a one-sided follow-up, and none."""
    with database.write() as session:
        fair = make_fair(session, each=4, days=1)
        session.get_one(Event, fair.expo.event.id).guests = [
            {"kind": "country", "name": "Hungary", "country": "HU", "pavilion": ""},
            {"kind": "province", "name": "Zhejiang", "country": "", "pavilion": ""},
        ]
        later = fair.start + timedelta(hours=9)
        for firm, request, kind, amount in (
            (0, 0, "signed", "900"), (1, 0, "signed", "900"), (0, 1, "signed", "70"), (2, 1, "intent", ""),
            (3, 2, "follow-up", ""),
        ):  # fmt: skip
            form = OutcomeForm(kind, amount, "CNY")
            outcomes.report_outcome(
                session, fair.expo.actor(firm), fair.requests[request].key, form, now=later
            )
    return fair


def test_the_report_counts_outcomes_countries_and_guests(database: Database) -> None:
    fair = told(database)
    with database.read() as session:
        report = get_chain_report(
            session, fair.expo.organiser_actor(), now=fair.start + timedelta(minutes=31)
        )
        sides = session.execute(
            text(
                "SELECT f.country, g.country, f.tier, g.tier FROM meeting_request r JOIN firm f ON f.id ="
                " r.from_firm_id JOIN firm g ON g.id = r.to_firm_id WHERE r.state = 'accepted'"
            )
        ).all()
    assert report is not None and (report.meetings, report.begun) == (4, 2)
    lines = {line.kind: (line.alike, line.alone, line.differing, line.amounts) for line in report.outcomes}
    assert lines == {
        OutcomeKind.SIGNED: (1, 0, 0, {"CNY": 900}),
        OutcomeKind.INTENT: (0, 0, 1, {}),
        OutcomeKind.FOLLOW_UP: (0, 1, 0, {}),
        OutcomeKind.NONE: (0, 0, 0, {}),
    }
    meetings = Counter(country for one, other, *_ in sides for country in {one, other})
    across = Counter(country for one, other, a, b in sides for country in {one, other} if a != b)
    whole = [each for each in report.countries if each.area is None]
    assert {each.country: (each.all.scheduled, each.cross_tier) for each in whole} == {
        country: (count, across[country]) for country, count in meetings.items()
    }
    assert [(each.name, each.firms, each.meetings) for each in report.guests] == [
        ("Hungary", 1, 1), ("Zhejiang", 0, 0)
    ]  # fmt: skip
    assert sum(link.scheduled for link in report.flow.links) == 4


def test_each_cell_by_country_tier_and_area_is_a_count_over_the_firms_pairs(database: Database) -> None:
    fair = told(database)
    with database.write() as session:
        session.get_one(MeetingRequest, fair.requests[3].id).state = RequestState.WITHDRAWN
        extra = make_request(session, fair.expo, 1, 2)  # requested, but unscheduled
        assert extra.state is RequestState.ACCEPTED
    with database.read() as session:
        report = get_chain_report(session, fair.expo.organiser_actor(), now=fair.start)
        plan = {each.request for each in fair.meetings}
        firms = {
            each.id: (each.country, each.tier, (each.areas or [""])[0])
            for each in session.scalars(select(Firm))
        }
        asked = session.scalars(
            select(MeetingRequest).where(MeetingRequest.state == RequestState.ACCEPTED)
        ).all()
        pairs = [({firms[each.from_firm_id], firms[each.to_firm_id]}, each.key in plan) for each in asked]
    assert report is not None and len(pairs) == 4
    sizes = Counter((firm[0], area) for firm in firms.values() for area in (None, firm[2]))
    assert {(row.country, row.area): row.firms for row in report.countries} == sizes
    for row in report.countries:

        def counts(tier: Tier | None, row: CountryShare = row) -> tuple[int, int]:
            mine = [
                is_held
                for ends, is_held in pairs
                if any(
                    end[0] == row.country and tier in (None, end[1]) and row.area in (None, end[2])
                    for end in ends
                )
            ]
            return len(mine), sum(mine)

        assert (row.all.accepted, row.all.scheduled) == counts(None)
        assert {tier: (cell.accepted, cell.scheduled) for tier, cell in row.tiers.items()} == {
            tier: counts(tier) for tier in Tier if counts(tier)[0]
        }


def test_organisers_alone_read_it_with_as_many_queries_for_more(database: Database) -> None:
    counts = []
    for each in (1, 5):
        with database.write() as session:
            fair = make_fair(session, each=each, days=1)
            with pytest.raises(NotAllowed):
                get_chain_report(session, fair.expo.actor(0), now=fair.start)
        actor, now = fair.expo.organiser_actor(), fair.start
        counts.append(count_selects(database, lambda s, a=actor, n=now: get_chain_report(s, a, now=n)))  # type: ignore[misc]
    assert counts[0] == counts[1] <= 24


def test_the_page_and_the_workbook_say_the_same(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair = told(database)
    clocks.hold(monkeypatch, fair.start + timedelta(hours=9))
    site = Site(web_app(database, broker_url), database, fair.expo)
    browser = site.organiser()
    page = browser.get(site.path("/chain-report"))
    assert "With an outcome: 3. Without an outcome: 1." in page and "CN¥900" in page and "Hungary" in page
    assert '<svg class="drawing"' in page
    made = browser.client.get(site.path("/chain-report.xlsx"))
    sheets = {sheet.name: sheet.rows for sheet in read_workbook(made.get_data()).sheets}
    assert sheets["Outcomes"][1].cells == ("Signed", "1", "1", "0", "0", "CNY", "900")
    assert {row.cells[0] for row in sheets["Countries"][1:]} == {
        "Germany",
        "China",
        "Hungary",
        "France",
    }
    site.exhibitor(0).get(site.path("/chain-report"), 404)


def test_the_paper_says_all_with_whole_names_and_the_picture_of_the_chain(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair = told(database)
    clocks.hold(monkeypatch, fair.start + timedelta(hours=9))
    site = Site(web_app(database, broker_url), database, fair.expo)
    browser = site.organiser()
    assert "/chain-report.pdf" in browser.get(site.path("/chain-report"))
    got = browser.client.get(site.path("/chain-report.pdf"))
    assert got.mimetype == "application/pdf" and "attachment" in got.headers["Content-Disposition"]
    paper = pymupdf.open("pdf", got.get_data())
    said = " ".join(" ".join(page.get_text() for page in paper).split())
    for words in (
        "Published version 1 has 4 meetings. Started: 4. With an outcome: 3. Without an outcome: 1.",
        "Signed 1 1 0 0 CN¥900", "Guests of honour", "Hungary", "Zhejiang", "France", "1 of 1",
        "Ulmenbrücker AG", "杭州霁岚机器视觉有限公司", "Hangzhou Jilan Machine Vision Co., Ltd.",
        "Akarattyai Villamos Hajtás Zrt.", "Signed, CN¥70", "Upstream", "Not reported",
    ):  # fmt: skip
        assert words.replace(" ", "") in said.replace(" ", ""), words
    bands = [
        each
        for page in paper
        for each in page.get_drawings()
        if each["stroke_opacity"] == pytest.approx(0.32)
    ]
    assert len(bands) == sum(
        link.scheduled > 0
        and {link.upper, link.lower} != {Tier.UPSTREAM, Tier.DOWNSTREAM}
        and link.upper is not link.lower
        for link in report_of(database, fair).flow.links
    )
    pixels = paper[0].get_pixmap()
    assert len({pixels.pixel(x, y) for x in range(0, 595, 5) for y in range(0, 842, 2)}) > 5
    site.exhibitor(0).get(site.path("/chain-report.pdf"), 404)


def report_of(database: Database, fair: Fair) -> ChainReport:
    with database.read() as session:
        report = get_chain_report(session, fair.expo.organiser_actor(), now=fair.start)
    assert report is not None
    return report


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh", ("产业链报告", "未填写", "4场洽谈", "匈牙利", "杭州霁岚机器视觉有限公司", "第1页")),
        ("hu", ("Nincs megadva", "Magyarország", "Akarattyai Villamos Hajtás Zrt.", "1. oldal")),
    ],
)
def test_the_paper_is_in_the_language_of_its_reader(
    database: Database,
    broker_url: str,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    expected: tuple[str, ...],
) -> None:
    fair = told(database)
    clocks.hold(monkeypatch, fair.start + timedelta(hours=9))
    site = Site(web_app(database, broker_url), database, fair.expo)
    browser = site.organiser()
    browser.post("/language", language=language, back="/sessions")
    paper = pymupdf.open("pdf", browser.client.get(site.path("/chain-report.pdf")).get_data())
    said = "".join("".join(page.get_text() for page in paper).split())
    for words in expected:
        assert words.replace(" ", "") in said, words
    for words in ("Chain report", "meetings", "Guests of honour", "Across tiers", "Not reported", "Page"):
        assert words.replace(" ", "") not in said, words
