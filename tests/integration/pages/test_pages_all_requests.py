"""The list of received and sent requests together, and the common times of the two companies."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, Side
from scheduler.services.requests import request_lists
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy
from tests.support import clocks
from tests.support.factories import NOW, make_event, make_request
from tests.support.queries import count_selects
from tests.support.site import Site

PENDING = RequestState.PENDING


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freeze the clock before the event."""
    clocks.hold(monkeypatch, NOW)


def texts_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def rows_of(page: str) -> list[str]:
    """Return the words of each request of a list."""
    return [texts_of(row) for row in re.findall(r'<li class="request".*?</li>', page, re.DOTALL)]


def tabs_of(page: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r'id="count-([\w-]+)" class="count">(\d+)<', page)}


def test_received_and_sent_requests_are_one_list_and_each_row_has_its_direction(site: Site) -> None:
    with site.database.write() as session:
        make_request(session, site.expo, 1, 0, state=PENDING, topic="Cells")
        make_request(session, site.expo, 0, 2, state=PENDING, topic="Tools")
        make_request(session, site.expo, 2, 0, state=RequestState.DECLINED, topic="Drums")
        make_request(session, site.expo, 1, 2, state=PENDING, topic="Not theirs")
    browser = site.exhibitor(0)
    page = browser.get(site.path("/requests?state=all"))
    assert tabs_of(page) == {
        "all": 3,
        "needs-response": 1,
        "waiting": 1,
        "accepted": 0,
        "unscheduled": 0,
        "declined": 1,
        "withdrawn": 0,
        "expired": 0,
    }
    assert [re.findall(r"(Cells|Tools|Drums).*?(Sent|Received)", row)[0] for row in rows_of(page)] == [
        ("Drums", "Received"),
        ("Tools", "Sent"),
        ("Cells", "Received"),
    ]
    lists = texts_of(page[page.index('<nav class="segmented"') :].partition("</nav>")[0])
    assert lists == "All 3 Received 2 Sent 1"
    assert "1 request needs your response. Respond by Tue, 8 Dec, 16:00" in texts_of(page)
    (first,) = rows_of(browser.get(site.path("/requests")))
    assert "Cells" in first, "at first those that need a response"
    (waiting,) = rows_of(browser.get(site.path("/requests?state=waiting")))
    assert "Tools" in waiting
    (found,) = rows_of(browser.get(site.path("/requests?state=all&text=drums")))
    assert "Drums" in found
    assert "Received" not in rows_of(browser.get(site.path("/requests/received")))[0]


def test_the_list_of_both_directions_has_pages(site: Site) -> None:
    with site.database.write() as session:
        for number in range(35):
            sender = number % 2
            make_request(
                session, site.expo, sender, 1 - sender, state=RequestState.DECLINED, topic=f"T{number}"
            )
    browser = site.exhibitor(0)
    first, second = (browser.get(site.path(f"/requests?state=all&page={number}")) for number in (1, 2))
    assert (len(rows_of(first)), len(rows_of(second))) == (30, 5)
    assert "31 to 35 of 35" in texts_of(second)
    assert sum("Sent" in row for row in rows_of(first) + rows_of(second)) == 18


def test_a_response_in_the_list_updates_its_tabs(site: Site) -> None:
    with site.database.write() as session:
        request = make_request(session, site.expo, 1, 0, state=PENDING)
        make_request(session, site.expo, 0, 2, state=PENDING)
    browser = site.exhibitor(0)
    browser.get(site.path("/requests"))
    answer = browser.client.post(
        site.path(f"/requests/{request.key}/accept"),
        data={"csrf_token": browser.token},
        headers={
            "HX-Request": "true",
            "HX-Current-URL": f"http://localhost{site.path('/requests')}?state=all",
        },
    ).text
    for tab, count in (("all", 2), ("needs-response", 0), ("waiting", 1), ("accepted", 1)):
        assert f'<span id="count-{tab}" class="count" hx-swap-oob="true">{count}</span>' in answer
    assert "Received" in rows_of(answer)[0]


def test_a_pending_request_has_the_common_times_of_each_day_and_no_reasons(site: Site) -> None:
    own, theirs = site.expo.people[0], site.expo.people[1]
    with site.database.write() as session:
        key = make_request(session, site.expo, 1, 0, state=PENDING).key
        make_request(session, site.expo, 0, 2)
        for person in theirs:  # all of the other company in the first slot, and one of them in the second
            session.add(AttendeeBusy(attendee_id=person.id, slot_id=site.expo.slots[0].id))
        session.add(AttendeeBusy(attendee_id=theirs[0].id, slot_id=site.expo.slots[1].id))
        for slot in site.expo.slots[2:]:
            for person in own:
                session.add(AttendeeBusy(attendee_id=person.id, slot_id=slot.id))
    browser = site.exhibitor(0)
    page = browser.get(site.path("/requests?state=all"))
    accepted, pending = re.findall(r'<li class="request".*?</li>', page, re.DOTALL)
    table = pending[pending.index("<table") : pending.index("</table>")]
    assert texts_of(table) == "Times when both companies have someone available, by day Mon 7 Tue 8 1 –"
    assert "Both available at 1 time" in texts_of(pending)
    assert "<table" not in accepted, "times are shown while the request is open"
    grid = (
        browser.get(site.path(f"/requests/{key}"))
        .partition('<table class="common">')[2]
        .partition("</table>")[0]
    )
    days = [re.findall(r"<td( class=\"is-common\")?>", row) for row in grid.split("<tr>")[1:]]
    assert [[bool(cell) for cell in day] for day in days[1:]] == [[False, True], [False, False]]
    assert grid.count("Both available") == 1, "screen readers hear it at the time that both have"
    for person in theirs:
        assert person.key not in grid


def test_both_directions_take_as_many_queries_for_one_request_as_for_twenty(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=22)
        make_request(session, expo, 0, 1)

    def count() -> int:
        def look(session: Session) -> None:
            page = request_lists.list_requests(session, expo.actor(0))
            request_lists.list_sides(session, expo.actor(0), page.items)

        return count_selects(database, look)

    few = count()
    with database.write() as session:
        for i in range(2, 22):
            make_request(session, expo, *((0, i) if i % 2 else (i, 0)))
    assert count() == few == 4


def test_the_first_deadline_is_that_of_received_pending_requests(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        for sender, receiver, days in ((1, 0, 5), (2, 0, 3), (0, 3, 1)):
            make_request(
                session, expo, sender, receiver, state=PENDING, expires_at=NOW + timedelta(days=days)
            )
        counts = request_lists.count_requests(session, expo.actor(0))
        assert counts.first_deadline == NOW + timedelta(days=3)
        sides = request_lists.list_sides(
            session, expo.actor(0), request_lists.list_requests(session, expo.actor(0)).items
        )
        assert sorted(sides.values()) == [Side.FROM, Side.TO, Side.TO]
