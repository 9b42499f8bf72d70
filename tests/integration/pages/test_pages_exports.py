"""Exports: the page lists every file, each can be downloaded, and the audit log records it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from scheduler.domain.entities import RequestState
from scheduler.sheets.workbook import read_workbook
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry
from tests.support.factories import Expo, make_event, make_request, make_version, meet
from tests.support.web import Browser, web_app


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        expo = make_event(session, firms=2)
        request = make_request(session, expo, 0, 1, state=RequestState.ACCEPTED)
        make_version(session, expo, [meet(request, expo, slot=0)])
    return expo


def organiser(database: Database, expo: Expo) -> Browser:
    return Browser(web_app(database, "redis://127.0.0.1:1"), expo.organiser)


def test_the_page_names_every_file_and_each_is_given(database: Database, expo: Expo) -> None:
    browser = organiser(database, expo)
    page = browser.get(f"/events/{expo.event.key}/exports/")
    assert "version 1" in page
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+/exports/[^"]+)"', page)]
    assert len(links) > 16
    for link in links:
        answer = browser.client.get(link)
        assert answer.status_code == 200, link
        assert answer.headers["Content-Disposition"].startswith("attachment"), link
        assert len(answer.data) > 50, link
    with database.read() as session:
        taken = session.scalars(select(AuditLogEntry.about).where(AuditLogEntry.act == "export")).all()
    assert len(taken) == len(links)
    assert f"{expo.event.key}.xlsx" in taken


def test_a_draft_is_taken_along_by_its_number(database: Database, expo: Expo) -> None:
    browser = organiser(database, expo)
    path = f"/events/{expo.event.key}/exports/schedule.xlsx"
    (sheet, *_) = read_workbook(browser.client.get(f"{path}?version=1").data).sheets
    assert len(sheet.rows) == 2
    assert browser.client.get(f"{path}?version=9").status_code == 404
    assert browser.client.get(f"/events/{expo.event.key}/exports/lists/none.csv").status_code == 404


def test_an_event_without_a_schedule_says_so(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    assert "No schedule is published yet" in organiser(database, expo).get(
        f"/events/{expo.event.key}/exports/"
    )
