"""From an empty installation to a published event by one workbook, and typical later changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from scheduler.domain.team import TeamRole
from scheduler.services.identity import sign_in
from scheduler.storage.models import Attendee, Firm, MeetingRequest, TeamMember
from tests.e2e.first_event import Planned, Way, planned, workbook_of
from tests.e2e.stack import Up
from tests.e2e.visitor import Visitor
from tests.support.workers import eventually

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.smtp, pytest.mark.broker, pytest.mark.slow]

OPERATOR = "operator@site.example"
SECOND = "second@expo.example"


def test_an_event_of_one_workbook_is_published_and_its_draft_shows_what_changed_and_nothing_else(
    up: Up, chromium: Browser, tmp_path: Path
) -> None:
    octets = workbook_of(tmp_path, firms=16, requests=40)
    with up.database.write() as session:
        sign_in.ensure_account(session, OPERATOR, is_operator=True, now=up.database.now())
    visitor = Visitor(chromium, up)
    visitor.sign_in(OPERATOR)
    way = Way(visitor, up)
    way.make(octets)
    with up.database.read() as session:
        there = [
            session.scalars(select(func.count()).select_from(table)).one()
            for table in (Firm, Attendee, MeetingRequest)
        ]
    assert (there[0], there[2]) == (16, 40) and there[1] > 16
    way.run_and_publish(seconds=3)

    found = planned(way)
    way.rename(found.hall, "Harbour Hall")
    visitor.reads("Harbour Hall")
    way.close_table(found.table, found.table_hall, found.day)
    way.move(found.moves, "NEW-1")
    way.withdraw(found.leaves)
    way.call_in_sick(found.ill, found.ill_slots)
    way.invite(SECOND)
    way.run(seconds=3)
    shows_exactly(way, found)
    joins(up, chromium)
    assert visitor.errors == []
    visitor.close()


def shows_exactly(way: Way, found: Planned) -> None:
    """Check that the draft changes exactly the affected meetings, and that its page counts them."""
    before, after = way.meetings(1), way.meetings(2)
    gone = before.keys() - after.keys()
    other = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    assert gone >= found.called_off
    assert gone | other == found.concerned
    assert after.keys() <= before.keys()
    for key in found.at_booth & after.keys():
        assert after[key].place == "NEW-1"
    for key in found.of_ill & after.keys():
        assert found.ill.key not in after[key].attendees or after[key].slot not in found.ill_slots
    tabs = way.visitor.page.get_by_role("navigation", name="Lists of changes").inner_text()
    counts = {name.lower(): int(count) for name, count in re.findall(r"([A-Z][a-z ]+?)\s+(\d+)", tabs)}
    assert counts["cancelled"] == len(gone) and counts["added"] == 0
    assert sum(counts[name] for name in ("moved", "new location", "new attendees")) == len(other)
    said = f": {len(found.concerned)} meetings change, {len(before) - len(found.concerned)} unchanged"
    way.visitor.reads(said)


def joins(up: Up, chromium: Browser) -> None:
    """Check that the second organiser opens the invitation and joins the team."""
    links: list[str] = []

    def has_come() -> bool:
        links.extend(re.findall(rf"{re.escape(up.site)}/team/\w+", up.listed(SECOND)[0]["text"]))
        return bool(links)

    eventually(lambda: bool(up.listed(SECOND)) and has_come())
    second = Visitor(chromium, up)
    second.page.goto(links[0])
    second.page.locator("main button").first.click()
    second.page.get_by_role("navigation", name="Event").wait_for()
    second.close()
    with up.database.read() as session:
        roles = session.scalars(select(TeamMember.role).order_by(TeamMember.account_id)).all()
    assert sorted(roles) == sorted([TeamRole.OWNER, TeamRole.ORGANISER])
