"""The chain report counts what the rows say, counted in another way; its page and workbook have it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from scheduler.domain.errors import NotAllowed
from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.services.outcomes import outcomes
from scheduler.services.outcomes.outcomes import OutcomeForm
from scheduler.services.outcomes.report import chain_report
from scheduler.sheets.reading import read
from scheduler.storage.database import Database
from scheduler.storage.models import Event
from tests.support import clocks
from tests.support.fair import Fair, make_fair
from tests.support.queries import count_selects
from tests.support.site import Site
from tests.support.web import web_app


def told(database: Database) -> Fair:
    """Four meetings of firm 0: signed by both, signed and intent, a follow-up of one side, and silence."""
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
            outcomes.say(session, fair.expo.actor(firm), fair.requests[request].key, form, now=later)
    return fair


def test_the_report_counts_outcomes_countries_and_guests(database: Database) -> None:
    fair = told(database)
    with database.read() as session:
        report = chain_report(session, fair.expo.organiser_actor(), now=fair.start + timedelta(minutes=31))
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
    assert {each.name: (each.meetings, each.across) for each in report.countries} == {
        country: (count, across[country]) for country, count in meetings.items()
    }
    assert [(each.name, each.firms, each.meetings) for each in report.guests] == [
        ("Hungary", 1, 1), ("Zhejiang", 0, 0)
    ]  # fmt: skip
    assert sum(link.held for link in report.flow.links) == 4


def test_organisers_alone_read_it_with_as_many_queries_for_more(database: Database) -> None:
    counts = []
    for each in (1, 5):
        with database.write() as session:
            fair = make_fair(session, each=each, days=1)
            with pytest.raises(NotAllowed):
                chain_report(session, fair.expo.actor(0), now=fair.start)
        actor, now = fair.expo.organiser_actor(), fair.start
        counts.append(count_selects(database, lambda s, a=actor, n=now: chain_report(s, a, now=n)))  # type: ignore[misc]
    assert counts[0] == counts[1] <= 20


def test_the_page_and_the_workbook_say_the_same(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair = told(database)
    clocks.hold(monkeypatch, fair.start + timedelta(hours=9))
    site = Site(web_app(database, broker_url), database, fair.expo)
    browser = site.organiser()
    page = browser.get(site.path("/chain-report"))
    assert "Of 3 somebody says what came, of 1 nobody yet." in page and "CN¥900" in page and "Hungary" in page
    assert '<svg class="chart"' in page
    made = browser.client.get(site.path("/chain-report.xlsx"))
    sheets = {sheet.name: sheet.rows for sheet in read(made.get_data()).sheets}
    assert sheets["Outcomes"][1].cells == ("Signed", "1", "1", "0", "0", "CNY", "900")
    site.exhibitor(0).get(site.path("/chain-report"), 404)
