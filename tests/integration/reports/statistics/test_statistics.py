"""Statistics equal independent counts; charts, tables and files show them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pymupdf
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.pages.reports.statistics import charts
from api.pages.reports.statistics.convergence import convergence
from api.pages.reports.statistics.drawing import Drawing
from scheduler.domain.entities import RequestState, Tier
from scheduler.domain.errors import NotAllowed
from scheduler.services.reports.statistics.answers_by_day import count_answers_by_day
from scheduler.services.reports.statistics.chain_flow import get_chain_flow
from scheduler.services.reports.statistics.hall_load import get_hall_load
from scheduler.services.reports.statistics.walking import count_walks
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from tests.support.factories import NOW, Expo, make_event, make_firm, make_request, meet
from tests.support.publishing import draft
from tests.support.queries import count_selects
from tests.support.site import Site
from tests.support.web import web_app

TIERS = tuple(Tier)


def scene(session: Session, requests: int = 24) -> tuple[Expo, int]:
    """Firms of all tiers and three kinds of areas, twice each; some requests scheduled, in three halls."""
    expo = make_event(
        session, firms=0, slots="4|4 4", halls=3, tables=6, walking=7, areas={"a": "Air", "b": "Bio <b>"}
    )
    for i in range(9):
        make_firm(session, expo, tier=TIERS[i % 3], areas=[["a", "b"], ["b"], []][i // 3])
    meetings, taken = [], set()
    pairs = [(i, j) for i in range(9) for j in range(9) if i < j][:requests]
    for at, (one, other) in enumerate(pairs):
        request = make_request(
            session, expo, *((one, other) if at % 2 else (other, one)),
            state=list(RequestState)[at % 3],
            created_at=NOW + timedelta(hours=at),
            responded_at=NOW + timedelta(hours=3 * at) if at % 3 else None,
        )  # fmt: skip
        free = [
            (slot, table)
            for slot in range(12) for table in range(6)
            if not {(slot, "t", table), (slot, one), (slot, other)} & taken
        ]  # fmt: skip
        if request.state is RequestState.ACCEPTED and at % 5 and free:
            slot, table = free[at % len(free)]
            taken |= {(slot, "t", table), (slot, one), (slot, other)}
            meetings.append(meet(request, expo, slot=slot, place=expo.tables[table]))
    return expo, draft(session, expo, meetings)


def test_each_figure_equals_a_count_made_otherwise(database: Database) -> None:
    with database.write() as session:
        expo, number = scene(session)
    with database.read() as session:
        actor = expo.organiser_actor()
        load = get_hall_load(session, actor, number)
        flow = get_chain_flow(session, actor, number)
        walks = count_walks(session, actor, number)
        days = count_answers_by_day(session, actor)
        plan = versions.list_meetings(session, versions.get_version(session, expo.event.id, number).id)
        rows = session.execute(text("SELECT created_at, responded_at, state FROM meeting_request")).all()
    zone = ZoneInfo(expo.event.timezone)
    hall = {table.key: table.hall_id for table in expo.tables}
    halls, slots = [each.id for each in expo.halls], [slot.key for slot in expo.slots]
    assert plan and load.counts == Counter(
        (halls.index(hall[each.place]), slots.index(each.slot)) for each in plan
    )
    firms = {firm.id: (TIERS.index(firm.tier), (firm.areas or [""])[0]) for firm in expo.firms}
    with database.read() as session:
        asked = session.execute(
            text("SELECT key, from_firm_id, to_firm_id FROM meeting_request WHERE state = 'accepted'")
        ).all()
    met = {each.request for each in plan}
    wished: Counter[object] = Counter()
    held: Counter[object] = Counter()
    for key, one, other in asked:
        ends = tuple(sorted((firms[one], firms[other])))
        wished[ends] += 1
        held[ends] += key in met
    assert {
        ((TIERS.index(link.upper), link.upper_area), (TIERS.index(link.lower), link.lower_area)): (
            link.accepted,
            link.scheduled,
        )
        for link in flow.links
    } == {ends: (wished[ends], held[ends]) for ends in wished}
    start = {slot.key: slot.start.astimezone(zone) for slot in expo.slots}
    steps: Counter[int] = Counter()
    for person in {key for each in plan for key in each.attendees}:
        mine = sorted((each for each in plan if person in each.attendees), key=lambda each: start[each.slot])
        for before, after in pairwise(mine):
            if (
                start[before.slot].date() == start[after.slot].date()
                and hall[before.place] != hall[after.place]
            ):
                steps[start[after.slot].hour] += 1
    assert {each.hour: (each.walks, each.minutes) for each in walks} == {
        h: (n, 7 * n) for h, n in steps.items()
    }
    assert (
        sum(day.requested for day in days) == len(rows) and len(days) == (days[-1].day - days[0].day).days + 1
    )
    assert sum(day.accepted for day in days) == sum(state == "accepted" for _, _, state in rows)
    assert sum(day.declined for day in days) == sum(state == "declined" for _, _, state in rows)
    first = [NOW + timedelta(hours=at) for at in range(24)]
    assert days[0].requested == sum(each.astimezone(zone).date() == days[0].day for each in first)


def test_the_number_of_queries_is_the_same_for_more(database: Database) -> None:
    counts = []
    for requests in (6, 30):
        with database.write() as session:
            expo, number = scene(session, requests)

        def all_of_it(session: Session, expo: Expo = expo, number: int = number) -> None:
            for figure in (get_hall_load, get_chain_flow, count_walks):
                figure(session, expo.organiser_actor(), number)
            count_answers_by_day(session, expo.organiser_actor())

        counts.append(count_selects(database, all_of_it))
    assert counts[0] == counts[1] <= 30


def test_only_the_team_sees_figures(database: Database) -> None:
    with database.write() as session:
        expo, number = scene(session, 6)
        for step in (
            lambda: get_hall_load(session, expo.actor(0), number),
            lambda: count_answers_by_day(session, expo.actor(0)),
        ):
            with pytest.raises(NotAllowed):
                step()


def test_the_page_has_pictures_tables_and_files(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo, number = scene(session)
    site = Site(web_app(database, broker_url), database, expo)
    browser = site.organiser()
    page = browser.get(site.path(f"/statistics?version={number}"))
    assert page.count('<svg class="drawing"') == page.count("</title><desc") == 4 and "Bio &lt;b&gt;" in page
    assert "Bio <b>" not in page and "style=" not in page and len(page) < 150_000
    assert "No schedule is published yet" in browser.get(site.path("/statistics"))
    for name in ("load", "chain", "walks", "answers"):
        assert f"/statistics/{name}.png?version={number}" in page
        table = browser.client.get(site.path(f"/statistics/{name}.csv?version={number}"))
        assert table.mimetype == "text/csv" and table.get_data(as_text=True).count("\n") > 1
    picture = browser.client.get(site.path(f"/statistics/chain.png?version={number}")).get_data()
    shown = pymupdf.Pixmap(picture)
    assert (shown.width, len(set(shown.samples)) > 50) == (2 * charts.WIDTH, True)
    assert browser.client.get(site.path("/statistics/secret.csv")).status_code == 404


def test_convergence_has_the_runs_own_reports() -> None:
    curve = [
        {"seconds": float(at), "phase": "annealing", "score": 80 + at, "bound": 110.0} for at in range(1, 30)
    ]
    figure = convergence(curve)
    assert figure is not None and [row[2] for row in figure.every.rows] == [80 + at for at in range(1, 30)]
    assert figure.sentence == "The score went from 81 to 109 in 29 seconds. The proven maximum is 110."
    assert convergence(curve[:1]) is None and convergence([{"seconds": 1.0, "score": None}] * 3) is None


def test_axes_and_shades_cover_all_amounts() -> None:
    for most in (0, 1, 3, 7, 99, 100, 4_999):
        assert charts.nice(most)[0] == 0 and charts.nice(most)[-1] >= most and len(charts.nice(most)) < 8
        if most:
            assert charts.limits_of_steps(most)[-1] == most
    assert charts.between([100.0, 103.0])[0] <= 100 and charts.between([5.0, 5.0])[-1] > 5
    picture = Drawing("x", 10, 10, "<t>", "{d}")
    picture.text(1, 1, "{} & <x>")
    assert "{} &amp; &lt;x&gt;" in picture.markup() and "{} &amp; &lt;x&gt;" in picture.file()
