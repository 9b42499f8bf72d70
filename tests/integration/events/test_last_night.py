"""The panel of the last overnight run: its outcome, its changes, and why nothing was published."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from scheduler.domain.entities import AfterRun, AlertKind, JobKind, JobState, RunState, VersionState
from scheduler.services.events import overnight_runs, overnight_schedule
from scheduler.services.events.overnight_schedule import AllowedChanges
from scheduler.services.operations import alerts, run_alerts
from scheduler.services.planning.runs import runs
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Run, VersionJob
from tests.support.factories import NOW, Expo, make_event, make_request, meet
from tests.support.publishing import carry_out, draft, publish
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app

HOUR = timedelta(hours=1)
TOO_MANY = "Version 2 changes too much for an overnight run."


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, "redis://127.0.0.1:1")


def add_night(session: Session, expo: Expo, *, at: datetime = NOW, **columns: Any) -> Run:
    """Store an overnight run that has ended after a minute, and was to publish."""
    run = runs.queue_run(
        session, expo.event.id, requested_by=None, then=AfterRun.PUBLISH, start_by=at + HOUR, now=at
    )
    values = {"state": RunState.FINISHED, "started_at": at, "finished_at": at + HOUR / 60, **columns}
    for name, value in values.items():
        setattr(run, name, value)
    session.flush()
    return run


def make_scene(database: Database, **columns: Any) -> Expo:
    """Publish one meeting. An overnight run then made version 2, which moves it and adds another one."""
    with database.write() as session:
        expo = make_event(session, firms=4, slots="4")
        first, second = make_request(session, expo, 0, 1), make_request(session, expo, 2, 3)
        publish(session, expo, draft(session, expo, [meet(first, expo)]), None)
        run = add_night(session, expo, **columns)
        made = draft(session, expo, [meet(first, expo, slot=2), meet(second, expo, slot=1)])
        versions.get_version(session, expo.event.id, made).run_id = run.id
    return expo


def request_job(database: Database, expo: Expo, kind: JobKind) -> None:
    with database.write() as session:
        version = versions.get_version(session, expo.event.id, 2)
        if kind is JobKind.COMPARE:
            version_jobs.request_comparison(session, version, by=None, now=NOW)
        else:
            version_jobs.request_publishing(
                session, event_id=expo.event.id, number=2, compared_with=1, by=None, now=NOW
            )


def panel(app: Flask, expo: Expo) -> str:
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}/overnight")
    return page.partition("<main")[2].partition('id="rules"')[0]


def test_before_the_first_night_it_says_where_the_result_will_appear(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session)
        assert overnight_runs.get_last_night(session, expo.organiser_actor()).run is None
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}/overnight")
    assert "No overnight runs yet." in page and "Run history" not in page


def test_a_draft_waits_with_its_changes_and_the_people_it_would_notify(
    database: Database, app: Flask
) -> None:
    expo = make_scene(database)
    assert "The changes are still being calculated." in panel(app, expo)
    request_job(database, expo, JobKind.COMPARE)
    carry_out(database)
    page = panel(app, expo)
    for said in (
        "Tue, 24 Nov, 16:00 to 16:01",
        "Draft</span>",
        "versions/2",
        "<b>1</b> new meeting<",
        "<b>1</b> meeting at another time",
        "1 → 2",
        "Publishing would notify 4 people.",
        "Review draft",
    ):
        assert said in page, said
    assert "cancelled meeting" not in page and '<div class="banner' not in page
    home = Browser(app, expo.organiser).get(f"/events/{expo.event.key}")
    assert "1 new meeting, 1 moved." in home and "4 people are affected." in home


def test_a_published_night_says_how_many_emails_it_queued(database: Database, app: Flask) -> None:
    expo = make_scene(database)
    request_job(database, expo, JobKind.PUBLISH)
    carry_out(database)
    with database.read() as session:
        found = overnight_runs.get_last_night(session, expo.organiser_actor())
    assert found.run is not None and found.run.changes is not None
    assert (found.run.version_state, found.run.changes.people, found.note) == (VersionState.PUBLISHED, 4, "")
    assert (found.run.changes.before, found.run.changes.after) == (1, 2)
    assert found.emails > 0
    page = panel(app, expo)
    assert "Published</span>" in page and f"<dt>Emails</dt><dd>{found.emails}</dd>" in page
    assert "Review draft" not in page


@pytest.mark.parametrize("why", ["limits", "late"])
def test_a_draft_that_should_have_been_published_says_why_it_was_not(
    database: Database, app: Flask, why: str
) -> None:
    expo = make_scene(database)
    with database.write() as session:
        actor = expo.organiser_actor()
        run = overnight_runs.get_last_night(session, actor).run
        assert run is not None
        if why == "limits":
            version = versions.get_version(session, expo.event.id, 2)
            session.add(
                VersionJob(
                    event_id=expo.event.id, version_id=version.id, kind=JobKind.PUBLISH, error=TOO_MANY,
                    state=JobState.FAILED, requested_at=NOW, heartbeat_at=NOW,
                )
            )  # fmt: skip
        else:
            row = session.query(Run).filter_by(number=run.number).one()
            run_alerts.alert_late(session, row, now=NOW)
    said = TOO_MANY if why == "limits" else "so it only makes a draft"
    assert said in panel(app, expo)


def test_a_failed_night_says_what_stays_published(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session, firms=2)
        publish(session, expo, draft(session, expo, [meet(make_request(session, expo), expo)]), None)
        add_night(session, expo, state=RunState.FAILED, error="No plan was found.")
    page = panel(app, expo)
    assert "The last overnight run failed" in page and page.count("No plan was found.") == 1
    assert "Version 1 stays published. No one was notified." in page


def test_a_skipped_night_is_said_until_a_run_takes_place_and_then_listed(
    database: Database, app: Flask
) -> None:
    with database.write() as session:
        expo = make_event(session)
        event = session.get_one(Event, expo.event.id)
        run_alerts.alert_missed(session, event, NOW, "this site was paused.", now=NOW)
    page = panel(app, expo)
    assert "The last overnight run was skipped" in page and "this site was paused." in page
    assert "Nothing was published. No one was notified." in page
    with database.write() as session:
        alerts.end_alert(session, AlertKind.RUN_MISSED, event_id=expo.event.id, now=NOW + HOUR)
        add_night(session, expo, at=NOW + 24 * HOUR)
    assert "was skipped" not in panel(app, expo)
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}/overnight")
    assert "this site was paused." in page.partition("Skipped runs")[2]


def test_the_limit_is_said_in_meetings_of_the_published_version(database: Database, app: Flask) -> None:
    with database.write() as session:
        expo = make_event(session, firms=8, slots="4", overnight_percent=50)
        actor = expo.organiser_actor()
        assert overnight_schedule.count_allowed_changes(session, actor) == AllowedChanges(None, 0, 0)
        planned = [meet(make_request(session, expo, 2 * i, 2 * i + 1), expo, slot=i) for i in range(3)]
        publish(session, expo, draft(session, expo, planned), None)
        assert overnight_schedule.count_allowed_changes(session, actor) == AllowedChanges(1, 3, 1)
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}/overnight")
    assert "1 of 3 published meetings at most" in page


def test_the_panel_takes_three_queries(database: Database) -> None:
    expo = make_scene(database)
    with database.write() as session:
        for days in (1, 2, 3):
            add_night(session, expo, at=NOW + timedelta(days=days))

    def look(session: Session) -> object:
        return overnight_runs.get_last_night(session, expo.organiser_actor())

    assert count_selects(database, look) == 3
