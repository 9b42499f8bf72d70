"""Each firm's share of scheduled requests in a version, counted independently of the service."""

from __future__ import annotations

import csv
from collections import Counter
from io import StringIO

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Tier
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.domain.rules.fairness import firm_shares, summarize_fairness
from scheduler.services.planning.fairness import shares
from scheduler.services.planning.fairness.shares import Grouping
from scheduler.services.problems import snapshot
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Delegation, DelegationFirm, Event
from tests.support.factories import NOW, Expo, make_event, make_firm, make_request, meet
from tests.support.publishing import draft
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app


def scene(session: Session) -> Expo:
    """Firm 0 has one of three requests scheduled, foreign firm 3 its only one. Firm 4 has none."""
    expo = make_event(session, firms=3)
    make_firm(session, expo, country="HU", tier=Tier.UPSTREAM, areas=["batteries", "food"])
    make_firm(session, expo)
    asked = [make_request(session, expo, *pair) for pair in ((0, 1), (2, 0), (0, 3))]
    make_request(session, expo, 1, 2, state=RequestState.DECLINED)
    draft(session, expo, [meet(asked[2], expo)])
    return expo


def test_the_figures_are_those_of_the_problem_and_the_plan(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        view = shares.get_fairness(session, expo.organiser_actor(), 1)
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        meetings = versions.list_meetings(session, versions.get_version(session, expo.event.id, 1).id)
    assert view.every == summarize_fairness(firm_shares(problem, meetings))
    assert [(line.key, line.scheduled, line.requests) for line in view.list_firms()] == [
        ("f1", 0, 1), ("f2", 0, 1), ("f0", 1, 3), ("f3", 1, 1)
    ]  # fmt: skip
    assert (view.home, view.without) == ("CN", 1)
    groups = {
        line.key: (line.figures.firms, line.scheduled, line.requests) for line in view.groups[Grouping.HOME]
    }
    assert groups == {"home": (3, 1, 5), "overseas": (1, 1, 1)}
    assert view.gap == (1.0, 0.2), "of all requests, overseas and at home"


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (Grouping.TIER, {"midstream": 3, "upstream": 1}),
        (Grouping.COUNTRY, {"CN": 3, "HU": 1}),
        (Grouping.SIZE, {"1-9": 4}),
        (Grouping.STAND, {"own": 4}),
    ],
)
def test_every_firm_with_requests_is_in_one_group(
    database: Database, by: Grouping, groups: dict[str, int]
) -> None:
    with database.write() as session:
        view = shares.get_fairness(session, scene(session).organiser_actor(), 1)
    assert {line.key: line.figures.firms for line in view.groups[by]} == groups
    assert view.gap == (1.0, 0.2), "by whatever they are grouped"


def test_a_firm_of_two_areas_counts_in_both(database: Database) -> None:
    with database.write() as session:
        view = shares.get_fairness(session, scene(session).organiser_actor(), 1)
    assert Counter({line.key: line.figures.firms for line in view.groups[Grouping.AREA]}).total() == 5


def test_partners_of_a_joint_stand_are_a_group_beside_its_host(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        expo.firms[1].host_id = expo.firms[0].id
        view = shares.get_fairness(session, expo.organiser_actor(), 1)
    stands = {line.key: line.figures.firms for line in view.groups[Grouping.STAND]}
    assert stands == {"host": 1, "partner": 1, "own": 2}


def test_a_request_that_was_withdrawn_since_counts_neither_as_agreed_nor_as_held(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        scheduled = make_request(session, expo, 1, 3, state=RequestState.WITHDRAWN)
        draft(session, expo, [meet(scheduled, expo)])
        view = shares.get_fairness(session, expo.organiser_actor(), 2)
    assert ("f1", 0, 1) in [(line.key, line.scheduled, line.requests) for line in view.list_firms()]


def test_without_a_request_there_is_nothing_to_share_out(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        draft(session, expo, [])
        view = shares.get_fairness(session, expo.organiser_actor(), 1)
    assert (view.every, set(view.groups), view.list_firms(), view.without) == (None, set(Grouping), [], 2)
    assert not any(view.groups.values())


def test_the_team_alone_sees_it_and_only_of_its_event(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        with pytest.raises(NotAllowed):
            shares.get_fairness(session, expo.actor(0), 1)
        with pytest.raises(NotFound):
            shares.get_fairness(session, expo.organiser_actor(), 9)


def test_ten_firms_take_as_many_queries_as_two(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)

    def step(session: Session) -> object:
        return shares.get_fairness(session, expo.organiser_actor(), 1)

    few = count_selects(database, step)
    with database.write() as session:
        for other in range(1, 4):
            make_request(session, expo, 4, other)
    assert count_selects(database, step) == few <= 8


def test_the_shares_of_all_groups_are_drawn_and_saved_as_they_are_counted_in_sql(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo = scene(session)
        counted = {
            (tier, country): (scheduled, asked)
            for tier, country, scheduled, asked in session.execute(
                text(
                    "SELECT f.tier, f.country, COUNT(m.id), COUNT(*) FROM firm f"
                    " JOIN meeting_request r ON f.id IN (r.from_firm_id, r.to_firm_id)"
                    " LEFT JOIN planned_meeting m ON m.request_id = r.id"
                    " WHERE r.state = 'accepted' GROUP BY f.tier, f.country"
                )
            )
        }
    browser = Browser(web_app(database, broker_url), expo.organiser)
    base = f"/events/{expo.event.key}"
    page = browser.get(f"{base}/versions/1/fairness?by=tier")
    assert "<b>80.0 points</b> between home and overseas" in page
    assert "4 more home meetings would close the gap." in page
    assert "For groups, raise <em>Fairness between groups</em>." in page
    below = page[page.index('data-test="below-a-fifth"') :]
    below = below[: below.index("</p>")]
    assert "2 exhibitors have less than a fifth" in below
    assert [f"Firm {k}" in below for k in range(4)] == [False, True, True, False]
    assert (
        f"{base}/statistics/shares.csv?version=1" in page
        and f"{base}/statistics/shares.png?version=1" in page
    )
    assert 'aria-label="100.0% scheduled; the lowest 5% of exhibitors have at most 100.0%"' in page
    assert 'aria-label="20.0% scheduled; the lowest 5% of exhibitors have at most 0.0%"' in page
    rows = list(csv.reader(StringIO(browser.get(f"{base}/statistics/shares.csv?version=1").lstrip("\ufeff"))))
    by_kind = {(kind, name): (int(scheduled), int(asked)) for kind, name, _, asked, scheduled, _ in rows[1:]}
    up, mid = counted["upstream", "HU"], counted["midstream", "CN"]
    assert by_kind["Position in the chain", "Upstream"] == by_kind["Country", "Hungary"] == up
    assert by_kind["Home and overseas", "Home (China)"] == by_kind["Country", "China"] == mid
    picture = browser.client.get(f"{base}/statistics/shares.png?version=1").data
    assert picture.startswith(b"\x89PNG")
    browser.get(f"{base}/statistics/curve.png?version=1", status=404)


@pytest.mark.parametrize("by", ["home", "tier", "area", "list"])
def test_a_version_shows_the_shares_of_the_groups_that_the_event_compares(
    database: Database, broker_url: str, by: str
) -> None:
    with database.write() as session:
        expo = scene(session)
        session.get_one(Event, expo.event.id).policy = {"group_by": by, "factors": {"group_gap": 300}}
        delegation = Delegation(event_id=expo.event.id, key="d1", name="Danube")
        session.add(delegation)
        session.flush()
        session.add(DelegationFirm(delegation_id=delegation.id, firm_id=expo.firms[3].id))
        problem = snapshot.build_problem(session, expo.event.id, now=NOW)
        found = shares.get_group_shares(session, expo.organiser_actor(), 1)
    assert found is not None
    counts = [(1, 3), (0, 1), (0, 1), (1, 1), (0, 0)]
    expected = [
        sum(counts[f][0] for f in group.firms) / n
        for group, n in zip(problem.firm_groups, problem.group_request_counts, strict=True)
        if n
    ]
    assert expected and sorted(line.share for line in found.lines) == sorted(expected)
    page = Browser(web_app(database, broker_url), expo.organiser).get(f"/events/{expo.event.key}/versions/1")
    assert 'id="group-shares"' in page
    assert ("Danube" in page) == (by == "list")


def test_without_a_price_a_version_compares_no_groups(database: Database) -> None:
    with database.write() as session:
        expo = scene(session)
        assert shares.get_group_shares(session, expo.organiser_actor(), 1) is None
        assert snapshot.build_problem(session, expo.event.id, now=NOW).firm_groups == ()


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", 'Lakeside <span class="other">\u2068(<span lang="zh">湖畔</span>)\u2069</span></a>'),
        ("zh", '<span lang="zh">湖畔</span></a>'),
    ],
)
def test_firms_are_named_for_the_page_s_reader(
    database: Database, broker_url: str, language: str, shown: str
) -> None:
    with database.write() as session:
        expo = scene(session)
        expo.firms[1].name, expo.firms[1].latin_name = "湖畔", "Lakeside"
        session.merge(expo.firms[1])
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.client.set_cookie("language", language)
    assert shown in browser.get(f"/events/{expo.event.key}/versions/1/fairness")


def test_the_page_leads_with_the_gap_that_the_priority_moves(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = scene(session)
        every = shares.get_fairness(session, expo.organiser_actor(), 1).every
    assert every is not None
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/1/fairness"
    page = browser.get(path)
    points = 100 * (every.mean - every.twentieth)
    assert f"<b>{points:.1f} points</b> between the average exhibitor and the lowest 5%" in page
    assert page.count('scope="rowgroup"') == len(Grouping)
    one = browser.get(f"{path}?by=country")
    assert 'scope="rowgroup"' not in one and "Average share of exhibitors" in one
    assert 'aria-current="page">Country' in one
