"""The organisers' dashboard shows what to do, with buttons."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState, RunState
from scheduler.domain.errors import NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.services.events import dashboard, pending_work
from scheduler.services.events.archives import archiving
from scheduler.services.identity import actors
from scheduler.services.imports import import_files
from scheduler.services.planning.runs import overnight
from scheduler.services.publishing import version_actions, version_jobs
from scheduler.services.requests import requests
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Firm,
    Hall,
    InterpreterBusy,
    MeetingRequest,
    PlaceClosure,
    Run,
    ScheduleVersion,
)
from tests.support.factories import (
    NOW,
    Expo,
    make_account,
    make_event,
    make_firms,
    make_interpreter,
    make_member,
    make_night,
    make_request,
    meet,
)
from tests.support.publishing import carry_out, draft, preview, publish, send_all
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, "redis://127.0.0.1:1")


def busy(session: Session) -> Expo:
    """Create an event with a published meeting, an unscheduled request, a draft, and pending responses."""
    expo = make_event(session, firms=4, slots="4")
    held, other = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
    for to, days in ((1, 9), (3, 2)):
        asked = make_request(session, expo, 0 if to == 3 else 2, to, state=RequestState.PENDING)
        asked.created_at = NOW - timedelta(days=days)
    publish(session, expo, draft(session, expo, [meet(held, expo)]), None)
    draft(session, expo, [meet(held, expo), meet(other, expo, slot=1)])
    expo.firms[2].min_meetings = 1
    session.execute(update(Attendee).where(Attendee.firm_id == expo.firms[1].id).values(bounced_at=NOW))
    octets = b"key,name,country,tier\nf9,New,CN,midstream\n"
    import_files.store_file(session, expo.organiser_actor(), octets, name="may.csv", kind="firms", now=NOW)
    make_night(session, expo)
    overnight.queue_due_runs(session, now=NOW)
    return expo


def test_it_counts_what_waits_and_since_when(database: Database) -> None:
    with database.write() as session:
        expo = busy(session)
        found = dashboard.get_dashboard(session, expo.organiser_actor(), now=NOW)
    assert (found.published, found.scheduled, found.accepted) == (1, 1, 2)
    assert (found.waiting.draft, found.bounced, found.bounced_meetings, found.below) == (2, 1, 1, 1)
    assert (found.unanswered.requests, found.unanswered.firms) == (2, 2)
    assert found.unanswered.oldest == NOW - timedelta(days=9)
    assert {(firm.open, firm.received) for firm in found.unanswered.busiest} == {(1, 2)}
    assert [file.name for file in found.files] == ["may.csv"]
    (night,) = found.overnight_runs
    assert (night.number, night.state, night.changes) == (1, "queued", None)
    assert found.opens == expo.slots[0].start


def test_the_page_has_a_button_for_each(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = busy(session)
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}")
    assert "<b>1</b> of 2 accepted requests scheduled" in page
    for said in (
        "Review draft", "Fix addresses", "from 2 exhibitors", "oldest: ", "Exhibitors below their minimum",
        "may.csv", "Run now", "Draft 2</a>", "to go", "Unscheduled requests",
    ):  # fmt: skip
        assert said in page, said
    assert page.count('class="button button-primary"') == 1


def test_an_empty_event_says_that_nothing_waits(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session, firms=0)
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}")
    assert "Nothing to do" in page and "nothing published yet" in page
    assert "Add exhibitors and attendees first" in page and "Run scheduling and review" not in page
    assert f'href="/events/{expo.event.key}/imports/">Import spreadsheet' in page


def test_who_is_known_to_no_event_can_sign_in_with_another_address(database: Database, app: Flask) -> None:
    with database.write() as session:
        nobody = make_account(session, "nobody@site.example")
    browser = Browser(app, nobody)
    assert "Sign out and use another address" in browser.get("/")
    browser.post("/sign-out")
    assert "nobody@site.example" not in browser.get("/sign-in")


def test_a_reader_sees_it_without_buttons_that_change_something(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = busy(session)
        reader, helper = (make_member(session, expo, role) for role in (TeamRole.VIEWER, TeamRole.HELP_DESK))
        with pytest.raises(NotAllowed):
            dashboard.get_dashboard(
                session, actors.actor_for(session, helper.id, expo.event.key, now=NOW), now=NOW
            )
    page = Browser(app, reader).get(f"/events/{expo.event.key}")
    assert "accepted requests scheduled" in page and "<form" not in page.split("<main")[1].split("</main")[0]
    assert "Exhibitors" in Browser(app, helper).get(f"/events/{expo.event.key}")


@pytest.mark.slow
def test_the_queries_are_as_many_for_3000_firms(database: Database) -> None:
    with database.write() as session:
        small, large = make_event(session), make_event(session, firms=3)
        make_firms(session, large, 3000, booth=False)
        session.execute(update(Firm).where(Firm.event_id == large.event.id).values(min_meetings=1))
        session.add_all(
            MeetingRequest(
                event_id=large.event.id, key=f"q{i}", uid=f"u{i}",
                from_firm_id=large.firms[0].id, to_firm_id=firm.id, priority=3, length=1, place="any",
                topic="Cells", state=RequestState.PENDING, created_at=NOW, expires_at=NOW,
            )
            for i, firm in enumerate(large.firms[3:])
        )  # fmt: skip

    def look(expo: Expo) -> int:
        return count_selects(
            database, lambda session: dashboard.get_dashboard(session, expo.organiser_actor(), now=NOW)
        )

    assert look(small) == look(large)


def test_partners_are_told_of_what_was_called_off_by_a_draft_of_what_they_have(
    database: Database, app: Flask
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4, slots="4")
        held, other = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
        publish(session, expo, draft(session, expo, [meet(held, expo), meet(other, expo, slot=1)]), None)
        later = make_request(session, expo, 0, 3)
        draft(session, expo, [meet(held, expo, slot=2), meet(later, expo, slot=3)])
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}"
    assert "Notify partners" not in browser.get(path)
    assert "No published meeting was cancelled" in browser.post(f"{path}/versions/draft-for-partners")
    with database.write() as session:
        requests.withdraw_request(session, expo.actor(2), other.key, now=NOW)
    assert "Notify partners" in browser.get(path), (
        "a newer draft, which does not hold it either, tells nobody"
    )
    assert "without the cancelled meetings" in browser.post(f"{path}/versions/draft-for-partners")
    with database.write() as session:
        version_actions.discard_draft(session, expo.organiser_actor(), 2, now=NOW)
        (change,) = preview(session, event_id=expo.event.id, number=3).counts.items() - {
            ("unchanged", 1), ("added", 0), ("moved", 0), ("relocated", 0), ("reassigned", 0),
        }  # fmt: skip
    assert change == ("cancelled", 1)


def test_as_many_people_hear_of_a_draft_as_its_own_page_says(database: Database, app: Flask) -> None:
    """A hall was renamed since, so people whose meetings do not change are notified too."""
    with database.write() as session:
        expo = make_event(session, firms=4, slots="4")
        held, other = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
        planned = [meet(held, expo), meet(other, expo, slot=1)]
        publish(session, expo, draft(session, expo, planned), None)
        send_all(session, expo)
        session.get_one(Hall, expo.halls[0].id).name = "The hall of another name"
        draft(session, expo, [meet(held, expo, slot=2), planned[1]])
    with database.write() as session:
        version_jobs.request_comparison(
            session, versions.get_version(session, expo.event.id, 2), by=None, now=NOW
        )
    carry_out(database)
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}"
    assert "<b>4 people</b> are notified" in browser.get(f"{path}/versions/2/changes")
    assert "Publishing notifies 4 people." in browser.get(path)


def test_published_meetings_that_cannot_take_place_are_counted_until_publishing(
    database: Database, app: Flask
) -> None:
    """A person absent in the second slot, a missing interpreter, and a closed table."""
    with database.write() as session:
        expo = make_event(session, firms=8, slots="4", tables=4)
        interpreter = make_interpreter(session, expo)
        rows = [make_request(session, expo, 2 * i, 2 * i + 1, length=2 if i == 0 else 1) for i in range(4)]
        speaks = [None, interpreter, None, None]
        planned = [
            meet(row, expo, slot=0, place=expo.tables[i], interpreter=speaks[i]) for i, row in enumerate(rows)
        ]
        publish(session, expo, draft(session, expo, planned), None)
        first, second = expo.slots[0].id, expo.slots[1].id
        session.add_all(
            [
                AttendeeBusy(attendee_id=expo.people[0][0].id, slot_id=second),
                AttendeeBusy(attendee_id=expo.people[1][0].id, slot_id=second),
                InterpreterBusy(interpreter_id=interpreter.id, slot_id=first),
                PlaceClosure(place_id=expo.tables[2].id, slot_id=first),
                PlaceClosure(place_id=expo.tables[3].id, slot_id=second),
            ]
        )
        session.flush()
        actor = expo.organiser_actor()
        assert pending_work.count_pending_work(session, actor, now=NOW).broken == 3
        assert pending_work.count_pending_work(session, actor, now=expo.slots[0].start).broken == 1, (
            "what has begun is over"
        )
        requests.withdraw_request(session, expo.actor(4), rows[2].key, now=NOW)
        assert pending_work.count_pending_work(session, actor, now=NOW).broken == 2
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}")
    assert "2 </span>Published meetings that can't take place" in page
    assert "Use the board for those that start too soon for a run." in page


def test_it_says_what_no_plan_could_exceed(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = busy(session)
    for bound, said in (
        (1, "This is the proven maximum"),
        (2, "can include more than <b>2</b> of the requests in that run"),
    ):
        with database.write() as session:
            session.execute(update(ScheduleVersion).values(meetings_bound=bound))
        assert said in Browser(app, expo.organiser).get(f"/events/{expo.event.key}")


def test_what_is_not_scheduled_is_split_by_what_could_still_schedule_it(
    database: Database, app: Flask
) -> None:
    """Of five requests, two were accepted later, and the bound leaves room for one of the others."""
    with database.write() as session:
        expo = make_event(session, firms=4, slots="4")
        held, *others = (make_request(session, expo, i, j) for i, j in ((0, 1), (0, 2), (1, 2), (2, 3)))
        for row in (held, *others):
            row.responded_at = NOW - timedelta(days=1)
        publish(session, expo, draft(session, expo, [meet(held, expo)]), None)
        session.execute(update(ScheduleVersion).values(meetings_bound=2))
        for i, j in ((0, 3), (1, 3)):
            make_request(session, expo, i, j).responded_at = NOW + timedelta(days=1)
        found = dashboard.get_dashboard(session, expo.organiser_actor(), now=NOW + timedelta(days=2))
    assert (found.accepted, found.scheduled, found.missing) == (6, 1, 5)
    assert (found.newer, found.within_reach, found.out_of_reach) == (2, 1, 2)
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}")
    for said in (
        "<b>2</b> accepted after the run",
        "Up to <b>1</b> with a longer run",
        "<b>2</b> only by changing",
    ):
        assert said in page, said


def test_an_archived_event_has_nothing_to_do(database: Database, app: Flask) -> None:
    """Nothing can be done, but the schedule and the log remain readable."""
    with database.write() as session:
        expo = busy(session)
    browser, path = Browser(app, expo.organiser), f"/events/{expo.event.key}"
    todo = (
        'data-test="todos"',
        ">To do<",
        "View fixes",
        "Review draft",
        "Send reminders",
        "Unfinished import",
    )
    page = browser.get(path)
    assert [said for said in todo if said not in page] == []
    with database.write() as session:
        session.execute(update(Run).values(state=RunState.CANCELLED))
        archiving.archive_event(session, expo.organiser_actor(), now=NOW)
    page = browser.get(path)
    assert [said for said in todo if said in page] == []
    assert "This event is archived" in page and "<b>1</b> of 2 accepted requests scheduled" in page
    assert "Recent activity" in page


def test_nobody_is_below_a_minimum_before_a_schedule_is_published(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        session.execute(update(Firm).values(min_meetings=1))
        assert dashboard.get_dashboard(session, expo.organiser_actor(), now=NOW).below == 0
