"""The audit log is stored in English, as hashed, and shown in the reader's language."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from api.language import audit_log_words, catalogs, speaking
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.audit_log.verification import verify_chains
from scheduler.services.operations import audit_entries
from scheduler.services.operations.audit_entries import AuditFilter
from scheduler.services.planning.runs import run_control
from scheduler.services.publishing import version_actions
from scheduler.services.venue import venue_changes
from scheduler.services.venue.change_types import AddTables
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry
from tests.support.factories import NOW, Expo, make_event, make_request, meet
from tests.support.publishing import draft
from tests.support.web import Browser, web_app

OLD = "ash of an older release"
KEPT = ["version 1 discarded", "run 1 started", "venue: 2 new tables in Hall 0: R01 to R02", OLD]
STEPS = {
    "en": ["Version 1 discarded", "Run 1 started", "Venue: 2 new tables in Hall 0: R01 to R02"],
    "zh": ["版本1已舍弃", "第1次运行已开始", "场地：Hall 0新增2张洽谈桌：R01至R02"],
    "hu": [
        "1. változat elvetve",
        "1. futtatás elindítva",
        "Helyszín: 2 új asztal itt: Hall 0 (R01 – R02)",
    ],
}
WHO = {"en": "command line", "zh": "命令行", "hu": "parancssor"}


@pytest.fixture
def expo(database: Database) -> Expo:
    """Actions of the services, and an entry that matches no message."""
    with database.write() as session:
        expo = make_event(session)
        actor = expo.organiser_actor()
        draft(session, expo, [meet(make_request(session, expo), expo)])
        version_actions.discard_draft(session, actor, 1, now=NOW)
        run_control.start_run(session, actor, seconds=5, now=NOW)
        venue_changes.preview_change(session, actor, AddTables(expo.halls[0].key, "R", 2), now=NOW)
        recording.record_act(
            session, NamedDoer(event_id=expo.event.id), Act.SETTINGS, AuditSubject(OLD), now=NOW
        )
    return expo


def reader(database: Database, broker_url: str, expo: Expo, language: str) -> Browser:
    browser = Browser(web_app(database, broker_url), expo.organiser)
    browser.get(f"/events/{expo.event.key}")
    browser.post("/language", language=language, back=f"/events/{expo.event.key}")
    return browser


@pytest.mark.parametrize("language", STEPS)
def test_steps_are_read_in_the_reader_s_language(
    database: Database, broker_url: str, expo: Expo, language: str
) -> None:
    page = reader(database, broker_url, expo, language).get(f"/events/{expo.event.key}/audit-log")
    told = re.findall(r'<span class="recorded">([^<]+)', page)
    assert told == [OLD.capitalize(), *reversed(STEPS[language])]
    assert WHO[language] in page


def test_the_table_the_file_and_the_hashes_have_them_in_english(
    database: Database, broker_url: str, expo: Expo
) -> None:
    reader(database, broker_url, expo, "zh").get(f"/events/{expo.event.key}/audit-log")
    with database.write() as session:
        text = audit_entries.export_csv(session, expo.organiser_actor(), AuditFilter(), now=NOW)
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["about"] for row in rows] == KEPT
    with database.read() as session:
        assert {chain.broken for chain in verify_chains(session)} == {""}


@pytest.mark.parametrize("language", ["zh", "hu"])
def test_each_text_of_the_trail_is_known_again_with_its_values(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """No message is mistaken for another one, whatever its values."""
    monkeypatch.setattr(speaking, "language", lambda: language)
    known = [ids[0] for _, ids in catalogs.audit_log_patterns(language)]
    assert len(known) > 80
    for text in known:
        values = {name: f"{name}-7 华" for name in re.findall(r"%\((\w+)\)s", text)}
        told = speaking.recorded(text % values)
        assert told == speaking.pgettext(catalogs.AUDIT_LOG, text, **values) != text % values


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "Role of ann@team.example"), ("hu", "ann@team.example szerepköre"), ("zh", "ann@team.example")],
)
def test_a_name_that_a_text_begins_with_gets_no_capital(
    monkeypatch: pytest.MonkeyPatch, language: str, told: str
) -> None:
    monkeypatch.setattr(speaking, "language", lambda: language)
    assert speaking.recorded("role of ann@team.example", capital=True).startswith(told)


def found(browser: Browser, expo: Expo, text: str) -> list[str]:
    page = browser.get(f"/events/{expo.event.key}/audit-log?{urlencode({'text': text})}")
    return re.findall(r'<span class="recorded">([^<]+)', page)


@pytest.mark.parametrize(
    ("language", "text", "steps"),
    [
        ("en", "1 STARTED", [1]),
        ("zh", "第1次运行", [1]),
        ("zh", "已舍弃", [0]),
        ("zh", "版本1已舍弃", [0]),
        ("zh", "新增2张 场地", [2]),
        ("zh", "0新增2张洽谈桌：R01至R02", [2]),
        ("zh", STEPS["zh"][2], [2]),
        ("zh", "started", [1]),
        ("zh", "第2版", []),
        ("hu", "FUTTATÁS 1.", [1]),
        ("hu", "elvetve változat", [0]),
        ("hu", "asztal (R01", [2]),
        ("hu", "asztal (R02", []),
    ],
)
def test_it_is_searched_by_the_words_that_the_reader_sees(
    database: Database, broker_url: str, expo: Expo, language: str, text: str, steps: list[int]
) -> None:
    browser = reader(database, broker_url, expo, language)
    assert found(browser, expo, text) == [STEPS[language][step] for step in steps]


def test_who_no_account_stands_for_is_found_as_the_reader_sees_them(
    database: Database, broker_url: str, expo: Expo
) -> None:
    assert found(reader(database, broker_url, expo, "hu"), expo, "parancssor") == [OLD.capitalize()]


def test_the_file_has_the_entries_that_the_page_shows(
    database: Database, broker_url: str, expo: Expo
) -> None:
    browser = reader(database, broker_url, expo, "zh")
    text = browser.client.get(f"/events/{expo.event.key}/audit-log.csv?{urlencode({'text': '第1次'})}").text
    assert [row["about"] for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))] == [KEPT[1]]


def is_like(text: str, pattern: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if part == "%" else re.escape(part[-1]) for part in re.findall("/.|.", pattern))
    return re.compile("".join(parts), re.IGNORECASE)


@pytest.mark.parametrize("language", ["zh", "hu"])
def test_each_part_of_each_text_finds_it(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """For any substring of the translated text: of literals, of a value, or of both."""
    monkeypatch.setattr(speaking, "language", lambda: language)
    english = cache(audit_log_words.english)
    for _, (text,) in catalogs.audit_log_patterns(language):
        kept = text % {name: f"50%_{name}/7华" for name in re.findall(r"%\((\w+)\)s", text)}
        told = speaking.recorded(kept)
        for word in (each[start : start + 4] for each in told.split() for start in range(len(each))):
            assert word.lower() in kept.lower() or any(is_like(kept, pattern) for pattern in english(word)), (
                word,
                told,
            )


def test_a_word_that_is_made_for_it_costs_no_more(
    monkeypatch: pytest.MonkeyPatch, database: Database, broker_url: str, expo: Expo
) -> None:
    hostile = "第" * 200
    with monkeypatch.context() as page:
        page.setattr(speaking, "language", lambda: "zh")
        assert len(audit_log_words.english(hostile)) <= 300
    assert found(reader(database, broker_url, expo, "zh"), expo, hostile) == []


NOTES: list[tuple[Act, dict[str, Any], dict[str, Any]]] = [
    (
        Act.SETTINGS,
        {"summary_mails": False, "language": "en", "policy": {"require_all": False, "max_moved": 3}},
        {"summary_mails": True, "language": "hu", "policy": {"require_all": False, "max_moved": 5}},
    ),
    (Act.FIRM, {"firm 7 tier": "upstream", "firm 7 withdrawn_at": None},
     {"firm 7 tier": "downstream", "firm 7 withdrawn_at": NOW.isoformat()}),
    (Act.ROLE, {"role": "read-only", "until": None}, {"role": "organiser", "until": NOW.date()}),
    (Act.OUTCOME, {"kind": "none", "amount": ""}, {"kind": "signed", "amount": None}),
    (Act.IMPORT, {}, {"firms": "3 added, 1 changed, 0 gone"}),
    (Act.SETTINGS, {}, {"times": ["02:00 on days 15, then draft"], "older_word": 4}),
    (Act.PERSON, {"attendee deleted": {"id": 4, "name": "Li Na", "languages": ["zh"], "feed_hash": "x"}}, {}),
]  # fmt: skip
CHANGES = {
    "en": [
        "Person, Languages", "Chinese", "Person, Name", "Li Na",
        "older word", "4", "Overnight runs", "02:00, Mon, Fri: Save draft version",
        "Exhibitors", "3 added, 1 changed, 0 removed",
        "Outcome", "No result", "Signed",
        "Role", "Viewer", "Organiser", "Expires", "Tue, 24 November 2026",
        "Exhibitor 7, Position in the chain", "Upstream", "Downstream",
        "Exhibitor 7, Removed from event", "Tue, 24 Nov, 16:00 (Beijing time, UTC+08:00)",
        "Email language", "English", "Hungarian",
        "Changed meetings (maximum)", "3", "5",
        "Send a schedule summary after the invitations", "No", "Yes",
    ],
}  # fmt: skip


@pytest.mark.parametrize("language", STEPS)
def test_before_and_after_are_in_the_words_of_the_pages(
    database: Database, broker_url: str, expo: Expo, language: str
) -> None:
    with database.write() as session:
        for act, before, after in NOTES:
            recording.record_act(
                session, expo.organiser_actor(), act, AuditSubject("x"), before=before, after=after, now=NOW
            )
    page = reader(database, broker_url, expo, language).get(f"/events/{expo.event.key}/audit-log")
    shown = re.findall(r"<(?:dt|dt lang=\"en\"|del|ins)>([^<]+)", page)[: len(CHANGES["en"])]
    if language == "en":
        assert shown == CHANGES["en"]
    else:
        alike = {"Li Na", "older word", "4", "3", "5"}
        assert {mine for mine, english in zip(shown, CHANGES["en"], strict=True) if mine == english} == alike
    with database.read() as session:
        assert {chain.broken for chain in verify_chains(session)} == {""}
        kept = session.scalars(select(AuditLogEntry.after).where(AuditLogEntry.act == "outcome")).one()
    assert kept == '{"amount":null,"kind":"signed"}'
