"""Organiser pages: run, review, publish, restore; hidden from others."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from bs4 import BeautifulSoup
from sqlalchemy import select

from scheduler.domain.entities import RequestState, RunState, VersionState
from scheduler.services.planning.runs import execution, runs
from scheduler.services.planning.runs.watchdog import Stop
from scheduler.services.planning.scenarios import scenario_execution
from scheduler.services.publishing import release
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.requests import requests
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AttendeeBusy, Interpreter, MeetingRequest, OutboxEmail, Run
from tests.support import importing as imports
from tests.support.factories import NOW, make_event, make_request, make_version, meet
from tests.support.publishing import SETTINGS, carry_out, draft, publish, publish_version, send_all
from tests.support.web import Browser, web_app


def test_an_organiser_starts_a_run_and_cancels_it(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}"
    assert "Nothing is published yet" in browser.get(f"{path}/schedule")
    page = browser.post(f"{path}/runs", seconds="20", note="With  the tables of hall 3")
    assert "With the tables of hall 3" in page and "Stop and keep" not in page
    assert "Run 1" in page and "Waiting for a worker since" in page
    assert "already has an open run" in browser.post(f"{path}/runs", seconds="20")
    assert "hx-get" in browser.get(f"{path}/runs/1/panel")
    browser.post(f"{path}/runs/1/cancel")
    with database.read() as session:
        assert runs.get_run(session, expo.event.id, 1).state is RunState.CANCELLED
    assert "hx-get" not in browser.get(f"{path}/runs/1/panel")
    assert browser.client.get(f"{path}/runs/1/panel").headers["HX-Trigger"] == "run-ended"


def test_a_run_that_runs_is_stopped_and_keeps_what_it_has(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_request(session, expo)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}"
    browser.get(f"{path}/schedule")
    browser.post(f"{path}/runs", seconds="20")
    with database.write() as session:
        assert runs.claim_run(session, runs.get_run(session, expo.event.id, 1).id, "w1", now=NOW)
    assert "Stop and keep best schedule</button>" in browser.get(f"{path}/runs/1/panel")
    assert "Run 1 ends now. Its best schedule becomes a draft." in browser.post(f"{path}/runs/1/stop")
    assert "Stopping…</button>" in browser.get(f"{path}/runs/1/panel")
    with database.read() as session:
        assert runs.find_stop_request(session, runs.get_run(session, expo.event.id, 1).id) is Stop.KEEP


def test_a_wrong_number_of_seconds_is_refused_in_words(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.get(f"/events/{expo.event.key}/schedule")
    page = browser.post(f"/events/{expo.event.key}/runs", 422, seconds="soon")
    assert "Search time (seconds)" in page and "Enter a whole number from 1 to 3,600." in page
    with database.read() as session:
        assert session.scalars(select(Run)).all() == []


def test_a_draft_shows_its_change_set_and_is_published(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo), expo)
        make_version(session, expo, [meeting], state=VersionState.DRAFT)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/1"
    page = browser.get(path)
    assert "Calculating the effects of publishing" in page and "hx-get" in page
    assert 'http-equiv="refresh"' in page  # without JavaScript
    assert browser.client.get(f"{path}/panel").headers.get("HX-Refresh") is None
    carry_out(database)
    assert browser.client.get(f"{path}/panel").headers["HX-Refresh"] == "true"
    page = browser.get(path)
    assert "<strong>2 emails</strong> go to <strong>2 people</strong>" in page
    assert "The last email goes out in about <strong>1 minute</strong> at the event's sending rate" in page
    assert "Mon, 7 Dec, 09:00" in page and "requested a meeting with Firm 1" in page
    page = browser.post(f"{path}/publish", compared_with="")
    assert "Version 1 is being published" in page
    browser.post(f"{path}/publish", compared_with="")  # a second click
    assert carry_out(database) == [JobEnding.DONE]
    assert "Version 1 is published. 2 emails were queued." in browser.get(path)
    with database.read() as session:
        assert len(session.scalars(select(OutboxEmail)).all()) == 2


def test_a_stale_comparison_is_not_published(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_version(session, expo, [])
        make_version(session, expo, [], state=VersionState.DRAFT)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    page = browser.post(f"/events/{expo.event.key}/versions/2/publish", compared_with="")
    assert "version 1 is published now" in page
    with database.read() as session:
        assert versions.get_version(session, expo.event.id, 2).state is VersionState.DRAFT


def test_an_old_version_comes_back_as_a_new_draft(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_version(session, expo, [], state=VersionState.SUPERSEDED)
        make_version(session, expo, [])
    browser = Browser(web_app(database, broker_url), expo.organiser)
    page = browser.get(f"/events/{expo.event.key}/versions/1")
    assert "Restore version" in page
    assert "Version 3 restores version 1 as a draft" in browser.post(
        f"/events/{expo.event.key}/versions/1/restore"
    )
    assert "Version 3 discarded." in browser.post(f"/events/{expo.event.key}/versions/3/discard")
    assert "Restore draft</button>" in browser.get(f"/events/{expo.event.key}/versions/3")
    assert "Version 3 is a draft again" in browser.post(f"/events/{expo.event.key}/versions/3/restore-draft")


def test_an_exhibitor_and_another_events_organiser_find_no_such_page(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        make_version(session, expo, [], state=VersionState.DRAFT)
        exhibitor = expo.people[0][0].account_id
    app = web_app(database, broker_url)
    with database.read() as session:
        from scheduler.storage.models import Account

        outsiders = [session.get_one(Account, exhibitor), other.organiser]
    for account in outsiders:
        browser = Browser(app, account)
        for page in ("schedule", "versions/1", "settings"):
            browser.get(f"/events/{expo.event.key}/{page}", status=404)
        browser.post(f"/events/{expo.event.key}/versions/1/publish", status=404, compared_with="")
        browser.post(f"/events/{expo.event.key}/runs", status=404)


def test_a_form_without_its_token_is_refused(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    response = browser.client.post(f"/events/{expo.event.key}/runs", data={"seconds": "5"})
    assert (response.status_code, "This form has expired" in response.text) == (400, True)


def test_a_visitor_is_asked_to_sign_in(database: Database, broker_url: str) -> None:
    assert "Send sign-in link" in Browser(web_app(database, broker_url)).get("/events/any/schedule")


def test_before_the_press_a_page_says_who_is_told_what_and_after_it_there_is_a_way_back(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo = make_event(session, publish_hold=5)
        make_version(session, expo, [meet(make_request(session, expo), expo)], state=VersionState.DRAFT)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/1"
    assert "Calculating the effects of publishing" in browser.get(f"{path}/publish"), (
        "nobody has compared it yet"
    )
    carry_out(database)
    page = browser.get(f"{path}/publish")
    assert "<strong>2 emails</strong> go to <strong>2 people</strong> at 2 exhibitors" in page
    assert (
        "<td>New meetings</td>" in page and "Publication starts 5 minutes after you select the button" in page
    )
    page = browser.post(f"{path}/trial")
    assert f"Test emails for {expo.organiser.email}: 1." in page
    browser.get(f"{path}/publish")
    page = browser.post(f"{path}/publish", compared_with="")
    assert "Version 1 is about to be published" in page and "Cancel publication" in page
    assert carry_out(database) == [JobEnding.NOT_CLAIMED], "it waits"
    assert "Discard" not in page
    page = browser.post(f"{path}/revoke")
    assert "Version 1 is a draft again. No one was notified." in page
    assert "is not waiting to be published any more" in browser.post(f"{path}/revoke")
    browser.post(f"{path}/publish", compared_with="")
    browser.post(f"{path}/end-hold")
    assert carry_out(database) == [JobEnding.DONE]
    assert "Some people may already have been notified." in browser.post(f"{path}/revoke")


def test_mails_are_paused_stopped_and_sent_after_all_on_the_page(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_version(session, expo, [meet(make_request(session, expo), expo)], state=VersionState.DRAFT)
        publish_version(session, event_id=expo.event.id, number=1, compared_with=None)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}"
    page = browser.get(f"{path}/schedule")
    assert "Pause emails" in page and "Resume emails" not in page
    assert "have been paused since" in browser.post(f"{path}/emails/pause")
    page = browser.post(f"{path}/emails/stop")
    assert "Emails stopped: 2." in page and "have been paused since" not in page
    assert "Send stopped emails" in page and "Pause emails" not in page
    assert "Emails queued again: 2." in browser.post(f"{path}/emails/send")
    browser.post(f"{path}/emails/burn", status=404)


def test_the_schedule_begins_with_what_waits_for_the_organiser(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        held, other = make_request(session, expo, 0, 1), make_request(session, expo, 1, 2)
        make_version(session, expo, [meet(held, expo)])
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/schedule"
    assert "To do" not in browser.get(path)
    with database.write() as session:
        requests.withdraw_request(session, expo.actor(0), held.key, now=database.now())
        session.merge(other).responded_at = database.now()
    page = browser.get(path)
    assert "meetings cancelled or declined: 1" in page and "requests accepted: 1" in page
    with database.write() as session:
        for _ in range(3):
            make_version(session, expo, [], state=VersionState.DRAFT, now=database.now())
        release.discard_draft(session, event_id=expo.event.id, number=4)
    page = browser.get(path)
    assert (
        "meetings cancelled or declined" not in page and "requests accepted" not in page
    )  # the draft has them
    assert ">Version 3</a> is a draft" in page and "Discard older drafts (1)" in page
    assert "Drafts discarded: 1." in browser.post(f"/events/{expo.event.key}/drafts/discard")
    with database.read() as session:
        states = [versions.get_version(session, expo.event.id, n).state.value for n in (1, 2, 3, 4)]
    assert states == ["published", "discarded", "draft", "discarded"]


def test_the_menu_of_an_organiser_names_the_requests(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        key = make_request(session, expo, state=RequestState.PENDING).key
    browser = Browser(web_app(database, broker_url), expo.organiser)
    page = browser.get(f"/events/{expo.event.key}/schedule")
    assert f'href="/events/{expo.event.key}/participants/requests">Requests</a>' in page
    page = browser.get(f"/events/{expo.event.key}/participants/requests")
    assert 'aria-current="page">Requests</a>' in page
    page = browser.get(f"/events/{expo.event.key}/requests/{key}")
    assert "You were asked" not in page
    assert "<title>Request from Firm 0 to Firm 1, " in page
    with database.read() as session:
        exhibitor = session.get_one(Account, expo.people[1][0].account_id)
    page = Browser(web_app(database, broker_url), exhibitor).get(
        f"/events/{expo.event.key}/requests/received"
    )
    assert "<h1>Received requests</h1>" in page


def test_what_did_not_fit_reads_in_names_and_times_by_reason_and_a_press_holds_it_there(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo = make_event(session, firms=4)
        one, two = make_request(session, expo), make_request(session, expo, 2, 3)
        person = expo.people[0][0]
        person.name = person.latin_name = "Ms Kovacs"
        session.add(AttendeeBusy(attendee_id=person.id, slot_id=expo.slots[1].id))
        version = make_version(session, expo, [], state=VersionState.DRAFT)
        way = {"kind": "available", "ids": [person.key], "slot": "s1"}
        other = {"kind": "add-interpreter", "ids": ["zh", "hu"], "slot": "s2"}
        rows = (one, "people-busy", [person.key], way), (two, "no-interpreter", [], other)
        version.unscheduled = [
            {"request": r.key, "reason": reason, "detail": f"Request {r.key}", "blockers": blockers,
             "remedies": ["Make it so."], "ways": [way]}
            for r, reason, blockers, way in rows
        ]  # fmt: skip
        for row in expo.slots:
            row.start, row.end = (at + timedelta(days=3650) for at in (row.start, row.end))
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/1"
    page = browser.get(f"{path}?kind=unscheduled")
    assert (
        "<b>2</b> of 2 accepted requests are unscheduled" in page
        and "Attendees are in other meetings" in page
    )
    page = browser.get(f"{path}/fixes?q=firm")
    assert "Firm 0 and Firm 1</a>" in page and "Firm 2 and Firm 3</a>" in page
    assert ">Ms Kovacs</a> available on" in page and ", 09:30</div>" in page
    assert one.key not in re.sub(r'(href|value)="[^"]*"', "", page), "no key is read"
    assert page.count("Apply and lock time") == 1 and page.count("Add and lock time") == 1
    page = browser.get(f"{path}/fixes?reason=no-interpreter")
    assert "Firm 2 and Firm 3</a>" in page and "Firm 0 and Firm 1</a>" not in page
    back = f"{path}/fixes?q=firm"
    browser.get(back)
    page = browser.post(f"{path}/fixes/apply", request=one.key, remedy="0", back=back)
    assert "The next run schedules the meeting on" in page and "Locked to" in page
    with database.read() as session:
        assert session.scalars(select(AttendeeBusy)).all() == []
    assert "Locked to" not in browser.post(f"{path}/unlock", request=one.key, back=back)
    press = {"request": two.key, "remedy": "0"}
    page = browser.get(f"{path}/fixes/apply?request={two.key}&remedy=0")
    assert "Add an interpreter for Chinese and Hungarian on" in page
    page = browser.post(f"{path}/fixes/apply", 422, **press, name0="Nora Kiss", email0="nora")
    assert 'value="Nora Kiss"' in page and 'id="email0-error"' in page, "what was typed is kept"
    page = browser.post(f"{path}/fixes/apply", **press, name0="Nora Kiss", email0="nora@speak.example")
    assert "The next run schedules the meeting on" in page
    with database.read() as session:
        assert [row.languages for row in session.scalars(select(Interpreter))] == [["zh", "hu"]]


def test_a_run_is_given_moves_to_improve_the_plan_and_the_draft_says_what_they_buy(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
        meeting = meet(make_request(session, expo), expo)
        make_version(session, expo, [meeting]).terms = {"served": 3, "idle": 327, "hall_change": 2462}
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}"
    field = re.search('<input [^>]*id="max_moved"[^>]*>', browser.get(f"{path}/schedule"))
    assert field and all(
        part in field[0] for part in ('type="number"', 'min="0"', 'max="100000"', 'value="0"')
    )
    page = browser.post(f"{path}/runs", 422, seconds="20", max_moved="-1")
    assert "Published meetings that may change" in page and "Enter a whole number from 0 to 100,000." in page
    browser.post(f"{path}/runs", seconds="20", max_moved="12")
    with database.write() as session:
        assert runs.get_run(session, expo.event.id, 1).max_moved == 12
        draft = make_version(session, expo, [replace(meeting, slot="s1")], state=VersionState.DRAFT)
        draft.terms = {"served": 3, "idle": 280, "hall_change": 2301}
    browser.get(f"{path}/versions/2")
    carry_out(database)
    page = browser.get(f"{path}/versions/2")
    assert "1 meeting changes, 0 unchanged." in page
    assert "Published meetings that change: 1." in page and "Compared with the published schedule:" in page
    assert "idle slots 327 → 280, hall changes 2,462 → 2,301." in page


def test_a_draft_at_a_booth_that_its_firm_has_left_is_said_before_the_press(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_version(
            session,
            expo,
            [meet(make_request(session, expo), expo, place=expo.booths[1])],
            state=VersionState.DRAFT,
        )
        text = "key,name,country,tier,hall,booth\nf1,Firm 1,CN,midstream,h0,NEW\n"
        imports.import_firms(session, expo.organiser_actor(), text)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/1"
    browser.get(path)
    carry_out(database)
    assert "booths that their exhibitors have left since the run: 1" in browser.get(f"{path}/publish")


def test_no_brackets_stand_in_brackets_where_a_page_names_the_zone(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
        request = make_request(session, expo, state=RequestState.PENDING)
        make_version(session, expo, [])
        make_version(session, expo, [], state=VersionState.DRAFT)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    for path in ("/schedule", "/versions/2", f"/requests/{request.key}"):
        page = browser.get(f"/events/{expo.event.key}{path}")
        said = re.sub(r"<[^>]*>", "", page)
        assert "Beijing time, UTC+08:00" in said, path
        assert re.findall(r"\([^()]*\([^()]*\)[^()]*\)", said) == [], path


def section(page: str) -> str:
    """Return the section of conflicts without its redirect field."""
    found = re.search(
        r'<section class="[^"]*" aria-labelledby="not-kept-title">.*?</section>', page, re.DOTALL
    )
    assert found is not None
    return re.sub(r'<input type="hidden"[^>]*>|action="[^"]*"', "", found[0])


def words_of(part: str) -> list[str]:
    return BeautifulSoup(part, "html.parser").get_text(" ").split()


def test_a_what_if_shows_which_locks_clash_in_the_words_of_a_run(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        rows = [make_request(session, expo, 0, k) for k in (1, 2)]
        for row in rows:
            row.fixed_slot_id, row.is_locked = expo.slots[0].id, True
        make_version(session, expo, [meet(make_request(session, expo, 1, 2), expo, slot=2)])
        run_id = runs.queue_run(session, expo.event.id, requested_by=None, now=NOW).id
    execution.execute_run(database, run_id, worker="w1", settings=SETTINGS)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}"
    browser.get(f"{path}/scenarios")
    browser.post(f"{path}/scenarios", name="As it is")
    browser.post(f"{path}/scenarios/1/solve")
    assert scenario_execution.execute_scenario(database, settings=SETTINGS)
    of_scenario, of_run = (section(browser.get(f"{path}/{page}")) for page in ("scenarios/1", "runs/1"))
    assert words_of(of_scenario) == words_of(of_run)


def test_locks_that_clash_with_each_other_are_one_group(database: Database, broker_url: str) -> None:
    """Four locks of one person at one time are six pairs, each listed once."""
    with database.write() as session:
        expo = make_event(session, firms=5)
        for other in range(1, 5):
            row = make_request(session, expo, 0, other)
            row.fixed_slot_id, row.is_locked = expo.slots[0].id, True
        run_id = runs.queue_run(session, expo.event.id, requested_by=None, now=NOW).id
    execution.execute_run(database, run_id, worker="w1", settings=SETTINGS)
    page = section(
        Browser(web_app(database, broker_url), expo.organiser).get(f"/events/{expo.event.key}/runs/1")
    )
    assert page.count('<li class="panel panel-body">') == 1
    assert page.count("Unlock<") == 4 and page.count("Not scheduled</span>") == 3


def test_a_run_shows_which_locks_clash_and_opens_one(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        rows = [make_request(session, expo, 0, k) for k in (1, 2)]
        for row in rows:
            row.fixed_slot_id, row.is_locked = expo.slots[0].id, True
        make_version(session, expo, [meet(make_request(session, expo, 1, 2), expo, slot=2)])
        run_id = runs.queue_run(session, expo.event.id, requested_by=None, now=NOW).id
    execution.execute_run(database, run_id, worker="w1", settings=SETTINGS)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    page = browser.get(f"/events/{expo.event.key}/runs/1")
    assert "Conflicting locked meetings" in page
    assert "Someone would be in two meetings at the same time: " in page
    assert page.count("Not scheduled</span>") == 1
    assert page.count("/unlock") == 2
    assert "The published schedule was not created by a run" in page
    version = browser.get(f"/events/{expo.event.key}/versions/2")
    assert "Conflicting locked meetings" in version
    assert section(version) == section(page)
    browser.post(f"/events/{expo.event.key}/versions/2/unlock", request=rows[0].key)
    with database.read() as session:
        assert not session.get_one(MeetingRequest, rows[0].id).is_locked
    assert browser.get(f"/events/{expo.event.key}/runs/1").count("/unlock") == 1


def test_a_draft_tells_who_was_changed_before(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session, slots="4")
        request = make_request(session, expo)
        for slot in range(3):
            number = draft(session, expo, [meet(request, expo, slot=slot)])
            publish(session, expo, number, slot or None, minutes=slot * 5)
            send_all(session, expo, slot * 5)
        draft(session, expo, [meet(request, expo, slot=3)])
    browser = Browser(web_app(database, broker_url), expo.organiser)
    path = f"/events/{expo.event.key}/versions/4"
    browser.get(f"{path}/publish")
    carry_out(database)
    page = BeautifulSoup(browser.get(f"{path}/publish"), "html.parser").get_text(" ")
    assert "2 people whose meetings change were already notified of earlier changes." in page
    assert re.search(r"Most often affected:\s+.+\s*, with 2 changes since being invited\.", page)
    assert browser.get(f"{path}/changes").count("2 changes since invited") == 2
    assert browser.get(f"{path}/changes?by=person").count("2 changes since invited") == 2
