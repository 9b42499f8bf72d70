"""Errors are shown in the reader's language: at once, or later from a column."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from api.language import speaking
from scheduler.domain.changes import Change, ChangeKind
from scheduler.domain.entities import AfterRun, PlanStatus, RunState
from scheduler.domain.plan import Meeting
from scheduler.services.operations import run_alerts
from scheduler.services.planning.runs import plan_checks, runs
from scheduler.services.publishing.job_execution import OvernightBudgetExceeded
from scheduler.services.publishing.overnight.overnight_budget import OvernightBudget
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Run
from tests.support.factories import NOW, Expo, make_event, make_version
from tests.support.web import Browser, web_app

CHANGED = {
    "zh": "情况已有变化，此操作无法再进行。",
    "hu": "Közben megváltozott valami, ezért ez már nem lehetséges.",
}
NONE_FOUND = {"zh": "在规定时间内没有找到日程。", "hu": "A megadott idő alatt nem született beosztás."}
MISSED = {
    "zh": "16:00的夜间运行没有进行：定时任务服务未运行。",
    "hu": "Elmaradt az éjszakai futtatás (16:00): az időzítő szolgáltatás nem futott.",
}


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        made = make_event(session)
        make_version(session, made, [])
    return made


def reader(database: Database, broker_url: str, expo: Expo, language: str) -> Browser:
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.get(f"/events/{expo.event.key}")
    browser.post("/language", language=language, back=f"/events/{expo.event.key}")
    return browser


@pytest.mark.parametrize("language", CHANGED)
def test_a_refusal_without_a_sentence_of_its_own_is_said_in_general(
    database: Database, broker_url: str, expo: Expo, language: str
) -> None:
    path = f"/events/{expo.event.key}/versions/1/discard"
    browser = reader(database, broker_url, expo, language)
    assert CHANGED[language] in browser.post(path, status=409)
    english = Browser(web_app(database, broker_url), expo.organiser)
    english.get(f"/events/{expo.event.key}")
    english.post("/language", language="en", back=f"/events/{expo.event.key}")
    assert "The version 1 is published; it cannot be discarded." in english.post(path, status=409)


@pytest.mark.parametrize("language", NONE_FOUND)
def test_why_a_run_made_no_plan_is_said_from_its_column(
    database: Database, broker_url: str, expo: Expo, language: str
) -> None:
    with database.write() as session:
        run = runs.queue_run(session, expo.event.id, requested_by=None, then=AfterRun.DRAFT, now=NOW)
        error = str(plan_checks.NO_PLAN[PlanStatus.UNKNOWN])
        session.execute(update(Run).values(state=RunState.FINISHED, error=error, finished_at=NOW))
        number = run.number
    browser = reader(database, broker_url, expo, language)
    assert NONE_FOUND[language] in browser.get(f"/events/{expo.event.key}/runs/{number}")


@pytest.mark.parametrize("language", MISSED)
def test_an_alert_is_said_with_its_parts(
    database: Database, broker_url: str, expo: Expo, language: str
) -> None:
    with database.write() as session:
        event = session.get_one(Event, expo.event.id)
        run_alerts.alert_missed(session, event, NOW, "the scheduled-task service was not running.", now=NOW)
    browser = reader(database, broker_url, expo, language)
    assert MISSED[language] in browser.get(f"/events/{expo.event.key}")


@pytest.mark.parametrize("language", MISSED)
def test_each_part_of_what_a_night_exceeds_is_said(
    database: Database, broker_url: str, language: str
) -> None:
    """Also from the plain text of a column."""
    starts = {"s0": NOW, "s1": NOW}
    meeting = Meeting("r0", "s0", "t0", ("a0",))
    changes = [Change("r0", ChangeKind.MOVED, meeting, replace(meeting, slot="s1"))] * 3
    why = OvernightBudget(percent=5, a_person=1, hours=24).excess(
        changes, published=10, starts=starts, now=NOW
    )
    with web_app(database, broker_url).test_request_context(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(speaking, "language", lambda: language)
        told = speaking.translate_stored(str(OvernightBudgetExceeded(2, why)))
        parts = [speaking.said(each) for each in why]
    assert len(parts) == 3 and all(part in told for part in parts)
    assert "changes" not in told and "start within" not in told


@pytest.mark.parametrize("language", CHANGED)
@pytest.mark.parametrize(
    "text",
    [
        "a few new tables in Hall 1: A1, A2",  # not a count
        "² new tables in Hall 1: A1, A2",
        "a: " * 700,  # deeply nested sentences
        ", ".join(["x: 1"] * 5_000),  # each part may end at any other
    ],
    ids=["words", "no digit", "deep", "wide"],
)
def test_a_text_of_a_stranger_that_reads_almost_as_ours_is_kept_as_it_is(
    monkeypatch: pytest.MonkeyPatch, language: str, text: str
) -> None:
    """Emails and files may contain any text. The last one makes a backtracking match exponential."""
    monkeypatch.setattr(speaking, "language", lambda: language)
    assert (
        "%(" not in speaking.translate_stored(text) and len(speaking.translate_stored(text)) > len(text) / 2
    )
    assert speaking.recorded(text) == text
