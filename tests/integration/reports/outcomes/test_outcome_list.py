"""A firm's list of outcomes: values of both sides, missing ones, permissions, and its file."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import NotFound
from scheduler.services.reports.outcomes import outcomes
from scheduler.services.reports.outcomes.outcome_list import OutcomeFilter, get_outcome_list
from scheduler.services.reports.outcomes.outcomes import OutcomeForm
from scheduler.sheets.workbook import read_workbook
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest
from tests.support import clocks
from tests.support.queries import count_selects
from tests.support.running_event import Fair, make_fair
from tests.support.site import Site
from tests.support.web import web_app

LATER = timedelta(hours=9)


def told(database: Database, *, people: int = 2) -> Fair:
    """Five meetings of each of our people; the first has outcomes of three, and one is withdrawn."""
    with database.write() as session:
        fair = make_fair(session, people=people, each=5, days=1)
        session.get_one(MeetingRequest, fair.requests[4].id).state = RequestState.WITHDRAWN
        for firm, request, kind, amount in (
            (0, 0, "signed", "900"), (1, 0, "signed", "900"), (0, 1, "signed", "70"), (2, 1, "intent", ""),
            (3, 2, "follow-up", ""),
        ):  # fmt: skip
            key = fair.requests[request].key
            outcomes.report_outcome(
                session, fair.expo.actor(firm), key, OutcomeForm(kind, amount, "CNY"), now=fair.start + LATER
            )
    return fair


def test_each_choice_shows_what_a_count_over_the_rows_says(database: Database) -> None:
    fair = told(database)
    with database.read() as session:
        shown = {
            show: get_outcome_list(session, fair.expo.actor(0), show=show, now=fair.start + LATER)
            for show in OutcomeFilter
        }
        rows = session.execute(
            text(
                "SELECT r.key, o.side, o.kind FROM meeting_request r LEFT JOIN meeting_outcome o"
                " ON o.request_id = r.id WHERE r.state = 'accepted'"
            )
        ).all()
    keys = {show: {each.item.request_key for each in found.meetings} for show, found in shown.items()}
    every = {key for key, _, _ in rows}
    ours, theirs = ({key for key, side, _ in rows if side == of} for of in ("from", "to"))
    assert keys[OutcomeFilter.ALL] == every and len(every) == 9
    assert (
        keys[OutcomeFilter.OURS_MISSING] == every - ours
        and keys[OutcomeFilter.THEIRS_MISSING] == every - theirs
    )
    kinds = [fair.requests[at].key for at in range(3)]
    assert keys[OutcomeFilter.DIFFER] == keys[OutcomeFilter.INTENT] == {kinds[1]}
    assert keys[OutcomeFilter.SIGNED] == {kinds[0]} and keys[OutcomeFilter.FOLLOW_UP] == {kinds[2]}
    assert keys[OutcomeFilter.NOTHING] == set()
    for found in shown.values():
        assert found.counts == {show: len(of) for show, of in keys.items()} and found.ahead == 0


def test_what_has_not_begun_is_counted_alone(database: Database) -> None:
    fair = told(database)
    with database.read() as session:
        found = get_outcome_list(session, fair.expo.actor(0), show=OutcomeFilter.ALL, now=fair.start)
    assert [each.item.start for each in found.meetings] == [fair.start] * 2 and found.ahead == 7


def test_an_attendee_lists_the_own_meetings_alone_and_who_has_no_firm_none(database: Database) -> None:
    fair = told(database)
    with database.read() as session:
        whole, own = (
            get_outcome_list(
                session, fair.expo.actor(0, person), show=OutcomeFilter.ALL, now=fair.start + LATER
            )
            for person in (0, 1)
        )
        assert whole.is_whole and not own.is_whole
        assert {each.item.request_key for each in own.meetings} == {each.key for each in fair.requests[5:]}
        with pytest.raises(NotFound):
            get_outcome_list(session, fair.expo.organiser_actor(), show=OutcomeFilter.ALL, now=fair.start)


def test_as_many_queries_for_more_meetings(database: Database) -> None:
    counts = []
    for people in (1, 4):
        fair = told(database, people=people)
        actor, now = fair.expo.actor(0), fair.start + LATER
        counts.append(
            count_selects(
                database, lambda s, a=actor, n=now: get_outcome_list(s, a, show=OutcomeFilter.ALL, now=n)
            )
        )  # type: ignore[misc]
    assert counts[0] == counts[1] <= 16


Words = tuple[str, str, str]
DIFFER = '{} <span class="count">1</span>'


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Your outcome is missing for 7 meetings.", DIFFER.format("Outcomes differ"), "Signed")),
        ("zh", ("您有7场洽谈尚未填写结果", DIFFER.format("双方填写不一致"), "已签约")),
        ("hu", ("7 találkozóhoz hiányzik", DIFFER.format("Eltérő eredmények"), "Aláírva")),
    ],
)
def test_the_page_says_what_is_missing_takes_it_by_one_press_and_gives_a_workbook(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch, language: str, words: Words
) -> None:
    fair = told(database)
    clocks.hold(monkeypatch, fair.start + LATER)
    site = Site(web_app(database, broker_url), database, fair.expo)
    browser = site.exhibitor(0)
    browser.client.set_cookie("language", language)
    page = browser.get(site.path("/outcomes"))
    assert words[0] in page and words[1] in page and words[2] in page
    missing = browser.get(site.path("/outcomes?show=ours-missing"))
    key = fair.requests[2].key
    assert (
        f"/meetings/{key}/outcome" in missing and f"/meetings/{fair.requests[0].key}/outcome" not in missing
    )
    back = site.path("/outcomes?show=ours-missing")
    after = browser.post(site.path(f"/meetings/{key}/outcome"), kind="follow-up", back=back)
    assert f"/meetings/{fair.requests[3].key}/outcome" in after and f"/meetings/{key}/outcome" not in after
    made = browser.client.get(site.path("/outcomes.xlsx?show=signed"))
    (sheet,) = read_workbook(made.get_data()).sheets
    (row,) = [each.cells for each in sheet.rows[1:]]
    assert row[7:9] == ("900", "CNY") and any("杭州霁岚机器视觉有限公司" in cell for cell in row)
    assert site.path("/outcomes") in browser.get(site.path("/week"))
