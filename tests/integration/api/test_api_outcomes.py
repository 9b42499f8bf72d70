"""Outcomes and chain report in the API: the same content and permissions as on pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler.storage.database import Database
from tests.integration.reports.outcomes.test_report import told
from tests.support import clocks
from tests.support.api import Program, make_token
from tests.support.factories import make_event
from tests.support.running_event import make_fair
from tests.support.web import web_app


def test_a_firm_says_changes_and_takes_back_what_came_of_a_meeting(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        fair = make_fair(session, each=2, days=1)
    first, second = (request.key for request in fair.requests)
    clocks.hold(monkeypatch, fair.start + timedelta(minutes=1))
    app = web_app(database, broker_url)
    ours, theirs = (Program(app, make_token(database, fair.expo.actor(firm))) for firm in (0, 1))
    asked = f"/meetings/{first}/outcome"
    assert ours.get(asked)["own"] is None
    said = ours.post(asked, {"kind": "signed", "amount": 1_200, "currency": "CNY"})
    word = {"kind": "signed", "amount": 1_200, "currency": "CNY"}
    assert (said["own"]["outcome"], said["counted"], said["can_report"]) == (word, word, True)
    assert said["own"]["by"]["key"] == fair.expo.people[0][0].key
    assert ours.post(asked, {"kind": "intent"})["own"]["is_changed"]
    assert theirs.get(asked)["partner"]["outcome"]["kind"] == "intent"
    listed = theirs.get("/outcomes", filter="ours-missing")
    assert [each["meeting"]["request"] for each in listed["items"]] == [first]
    assert (listed["counts"]["all"], listed["upcoming"], listed["version"]) == (1, 0, 1)
    assert ours.get("/outcomes")["upcoming"] == 1
    assert ours.post(f"{asked}/withdraw")["own"]["outcome"] == word
    assert ours.post(f"{asked}/withdraw")["own"] is None

    faults = ours.post(asked, {"kind": "follow-up", "amount": 3, "currency": "CNY"}, status=422)
    assert [fault["pointer"] for fault in faults["errors"]] == ["#/amount"]
    ours.post(asked, {"kind": "signed", "amount": 3}, status=422)
    ours.post(asked, {"kind": "signed", "amount": 3, "currency": "XXX"}, status=422)
    ours.get(f"/meetings/{second}/outcome", status=409)
    ours.post(f"/meetings/{second}/outcome", {"kind": "none"}, status=409)
    theirs.get(f"/meetings/{second}/outcome", status=404)
    theirs.post(f"/meetings/{second}/outcome", {"kind": "none"}, status=404)
    organisers = Program(app, make_token(database, fair.expo.organiser_actor()))
    organisers.post(asked, {"kind": "none"}, status=404)
    reader = Program(app, make_token(database, fair.expo.actor(0), "outcomes:read"))
    assert reader.get(asked)["own"] is None
    reader.post(asked, {"kind": "none"}, status=403)
    reader.get("/outcomes", status=403)


def test_the_chain_report_is_that_of_the_page(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fair = told(database)
    clocks.hold(monkeypatch, fair.start + timedelta(hours=9))
    app = web_app(database, broker_url)
    program = Program(app, make_token(database, fair.expo.organiser_actor()))
    report = program.get("/chain-report")
    assert (report["version"], report["meetings"], report["started"], report["unreported"]) == (1, 4, 4, 1)
    lines = {line["kind"]: (line["meetings"], line["amounts"]) for line in report["outcomes"]}
    assert lines == {"signed": (1, {"CNY": 900}), "intent": (1, {}), "follow-up": (1, {}), "none": (0, {})}
    assert [guest["name"] for guest in report["guests"]] == ["Hungary", "Zhejiang"]
    assert sum(link["scheduled"] for link in report["links"]) == 4
    whole = [share for share in report["countries"] if share["area"] is None]
    assert {share["country"] for share in whole} >= {"DE", "CN", "HU"}
    page = program.get("/chain-report/meetings", limit=2)
    rest = program.get("/chain-report/meetings", limit=2, cursor=page["next_cursor"])
    seen = [*page["items"], *rest["items"]]
    assert (page["total"], rest["next_cursor"]) == (3, None)
    assert [each["request"] for each in seen] == [request.key for request in fair.requests[:3]]
    assert (seen[1]["from_outcome"]["kind"], seen[1]["to_outcome"]["kind"]) == ("signed", "intent")
    for path in ("/chain-report", "/chain-report/meetings"):
        Program(app, make_token(database, fair.expo.actor(0))).get(path, status=403)


def test_before_a_schedule_is_published_there_is_no_report(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, broker_url)
    Program(app, make_token(database, expo.organiser_actor())).get("/chain-report", status=404)
    own = Program(app, make_token(database, expo.actor(0))).get("/outcomes")
    assert (own["version"], own["items"]) == (None, [])
