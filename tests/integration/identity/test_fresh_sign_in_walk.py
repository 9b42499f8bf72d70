"""No route executes a sensitive action for an old session; routes are discovered, not listed.

Actions are detected by database statements and downloaded files.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select

from scheduler.storage.database import Database
from scheduler.storage.models import Attendee
from tests.integration.crafted import crafted_requests
from tests.integration.crafted.walks import NOT_SENT, Start, Walk
from tests.integration.identity.clock import Clock
from tests.integration.identity.route_requests import NOWHERE, Askers, name_of, routes
from tests.support.everything import Everything
from tests.support.web import web_app

THIEF = "thief@evil.example"
HARM = re.compile(
    r"INSERT INTO (?:api_token|webhook_endpoint|team_member|team_invitation|attendee|interpreter)\b"
    r"|UPDATE (?:team_member|version_job)\b"
    r"|UPDATE (?:attendee|interpreter|account) SET (?:(?! WHERE ).)*\b(?:email|is_operator|is_exhibitor)="
    r"|UPDATE event SET (?:(?! WHERE ).)*\b(?:deleted_at|live_at)="
    r"|DELETE FROM team_member\b"
)
"""Access is granted or revoked, an address changes, a version is published, an event ends or starts."""
SIGN_IN = b"Sign in again"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Watched:
    """The routes of an event with one of everything, and their actions."""

    def __init__(self, database: Database, clock: Clock) -> None:
        app = web_app(database, NOWHERE)
        self.askers = Askers(Everything(database, app))
        self.walk = Walk(self.askers, app, database)
        self.app, self.clock, self.done = app, clock, list[str]()
        with database.read() as session:
            self.addresses = {address.encode() for address in session.scalars(select(Attendee.email))}

    def note(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if found := HARM.match(" ".join(statement.split())):
            self.done.append(found[0])

    def posts(self) -> Iterator[Start]:
        """Yield each form with another address in each email field, and each POST route without a form."""
        for start in self.walk.forms():
            fields = [(name, THIEF if "email" in name else value) for name, value in start.fields]
            yield replace(start, fields=fields)
        yield from self._of_rules("POST")

    def _of_rules(self, of: str) -> Iterator[Start]:
        for method, rule in routes(self.app, programs=False):
            if method == of and rule.endpoint not in NOT_SENT:
                asker = self.walk.asker(name_of(method, rule))
                yield Start(asker, rule.endpoint, self.askers.address(rule))

    def looks(self) -> Iterator[Start]:
        """Yield each read-only route."""
        return self._of_rules("GET")

    def harm(self, starts: Iterable[Start]) -> tuple[dict[str, set[str]], list[Start]]:
        """Return sensitive actions by endpoint, and forms that required a recent sign-in."""
        found: dict[str, set[str]] = {}
        asked = []
        for start in starts:
            self.done.clear()
            if SIGN_IN in self.walk.post(start, start.fields).data:
                asked.append(start)
            elif self.done:
                found.setdefault(start.endpoint, set()).update(self.done)
        return found, asked

    def files(self, starts: Iterable[Start]) -> tuple[set[str], list[Start]]:
        """Return endpoints whose file has an attendee's address, and those that required a recent sign-in."""
        found, asked = set(), []
        for start in starts:
            answer = self.walk.browsers[start.asker].client.get(start.path)
            if SIGN_IN in answer.data:
                asked.append(start)
            elif "attachment" in answer.headers.get("Content-Disposition", "") and self._has_address(
                answer.data
            ):
                found.add(start.endpoint)
        return found, asked

    def _has_address(self, octets: bytes) -> bool:
        return any(address in text for text in texts_in(octets) for address in self.addresses)


def texts_in(octets: bytes) -> Iterator[bytes]:
    yield octets
    if zipfile.is_zipfile(io.BytesIO(octets)):
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            yield from map(archive.read, archive.namelist())


@pytest.fixture
def watched(database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    watched = Watched(database, clock)
    crafted_requests.keep_nothing(monkeypatch)
    event.listen(Engine, "before_cursor_execute", watched.note)
    yield watched
    event.remove(Engine, "before_cursor_execute", watched.note)


@pytest.mark.slow
@sqlite_only
def test_no_route_does_most_harm_for_an_old_sign_in(watched: Watched) -> None:
    """Those that require it execute with a recent one, which proves that the walk detects them."""
    watched.clock.now += timedelta(minutes=31)
    harm, asked = watched.harm(watched.posts())
    assert harm == {}
    files, asked_of = watched.files(watched.looks())
    assert files == set()
    watched.clock.now -= timedelta(minutes=31)
    harm, still_asked = watched.harm(asked)
    assert still_asked == [] and harm.keys() >= {
        "team.send_invitation", "registrations.decide_registration", "calendar_status.correct_address",
        "participants.edit_record",
        "create_from_workbook.create_event", "operators.add_operator", "rehearsal.go_live",
    }  # fmt: skip
    files, _ = watched.files(asked_of)
    assert files == {
        "audit_log.export_entries",  # who looked at contact details is named by address
        "inbox.download_raw_email",
        "personal_data.download_person_json",
        "exports.export_event",
        "calendar_status.export_call_list",
        "exports.export_schedule",
    }
