"""Every route, requested in every role, of an event with one of everything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from api.v1 import bearer
from scheduler.services.identity import actors, api_tokens
from scheduler.storage.database import Database
from scheduler.storage.models import Account
from tests.support.api import make_service_token
from tests.support.everything import Everything
from tests.support.factories import NOW
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
NOT_ASKED = {"static", "health.readyz"}
"""Public files, and routes that need a broker, which is absent here."""
LEAVES = (
    "webhooks.delete_webhook", "sessions.end_session", "sessions.end_all_sessions", "sign_in.sign_out",
)  # fmt: skip
"""They end what others need: a webhook, or the session. They come last, each in a new session."""

VALUES = {
    "firm_key": "f0", "person_key": "f0-p0", "language": "en", "mail_kind": "new", "number": 1,
    "session_id": 999, "token_id": 999, "account_id": 999, "invitation_id": 999, "alias_id": 999,
    "filename": "x", "request_key": "none", "kind": "firms",
    "slug": "meetings", "step_id": 999, "ending": "csv", "name": "load", "pack": "people", "way": "google",
    "delegation_key": "g1", "digest": "none", "what": "days", "before": "calendars", "rest": "people/f0-p0",
    "brand_token": "none", "provider_key": "none", "passkey_id": 999, "entry": 999,
}  # fmt: skip
TOKENS = {
    "calendar": "answer", "digest_links": "asked", "digests": "digests", "moved": "asked",
    "print_status": "print", "registration_form": "registration", "reply_links": "answer",
    "summary_unsubscribe": "summaries",
}  # fmt: skip
"""By blueprint, the source of its links' tokens."""
STEPS = {
    "digest_links.show_request": "accept",
    "moved.redirect_to_response": "accept",
    "digest_links.answer_request": "accept",
    "reply_links.show_meeting": "accept",
    "reply_links.answer_invitation": "accept",
    "calendar_status.handle_failed_emails": "drop",
    "delegations.change_firm_membership": "join",
    "board.apply_step": "lock",
    "delegations.change_person_membership": "join",
    "inbox.handle_email": "set-aside",
    "unassigned_emails.handle_email": "set-aside",
    "runs.change_sending": "pause",
    "scenarios.change_scenario": "copy",
}
KEYS = {
    "participants.show_record": "f0",
    "participants.edit_record": "f0",
    "participants.set_absences": "f0",
    "participants.merge_records": "f0",
    "unavailability.show_unavailability": "f0-p0",
    "unavailability.save_unavailability": "f0-p0",
    "v1.show_record": "f0",
    "v1.update_record": "f0",
    "v1.show_unavailability": "f0",
    "v1.set_unavailability": "f0",
    "v1.merge_record": "f0",
    "v1.show_firm": "f0",
    "v1.show_firm_agenda": "f0",
    "v1.show_person": "f0-p0",
    "v1.show_person_agenda": "f0-p0",
    "v1.show_calendar_status": "f0-p0",
}
BODIES = {
    "v1.lock_request": {"slot": "s0"},
    "v1.publish_version": {"compared_with": 1},
    "v1.import_rows": {"rows": {"firms": []}},
    "v1.change_venue": {"change": {"kind": "guests", "guests": []}},
    "v1.update_member": {"role": "organiser"},
    "v1.invite_member": {"email": "new@team.example", "role": "help-desk"},
    "v1.update_record": {"cells": {"pavilion": "China"}},
    "v1.set_unavailability": {"slots": []},
    "v1.merge_record": {"into": "f0"},
    "v1.remove_records": {"keys": ["f0"], "dry_run": True},
    "v1.restore_records": {"keys": ["f0"]},
    "v1.apply_request_action": {"keys": ["none"], "action": "accept"},
    "v1.report_outcome": {"kind": "none"},
    "v1.place_meetings": {"targets": [{"request": "none", "slot": "s0", "place": "t0"}]},
    "v1.swap_meetings": {"request": "none", "other": "r0"},
    "v1.cancel_meeting": {"request": "none"},
    "v1.lock_meeting": {"request": "none"},
    "v1.unlock_meeting": {"request": "none"},
    "v1.forbid_slot": {"request": "none", "slot": "s0"},
    "v1.allow_slot": {"request": "none", "slot": "s0"},
    "v1.create_webhook": {"name": "CRM", "url": "https://crm.example/hooks"},
    "v1.replay_failed_messages": {"since": "2027-06-22T08:00:00Z"},
    "v1.create_delegation": {"name": "Hungary"},
    "v1.change_priorities": {"policy": {"require_all": False}},
    "v1.submit_request": {"to_firm": "f8", "topic": "Cells"},
    "v1.create_event": {
        "key": "next-year", "name": "Next year", "timezone": "UTC", "first_day": "2030-06-03",
        "blocks": [{"start": "09:00", "end": "12:00"}],
    },
    "v1.copy_event": {"key": "next-year", "name": "Next year", "parts": []},
}  # fmt: skip
"""Firm 0 is the exhibitor's; the request is between firms 0 and 1; run 1 and version 1 exist."""

PEOPLE = (
    "nobody", "stranger", "operator", "other", "attendee", "exhibitor", "organiser", "owner", "read-only",
    "help desk", "chamber",
)  # fmt: skip
"""Not signed in; another event's owner; an operator of the installation; another firm's exhibitor; an
attendee and the exhibitor of the firm in question; then people of the event's team, by role: the chamber is
of the delegation that firm 0 belongs to."""
PROGRAMS = ("none", "stranger", "other", "exhibitor", "organiser", "service")
"""Without a token, with these people's tokens with all scopes that they may grant, and a service."""


class Askers:
    """Roles of the event with one of everything, and URLs of its routes."""

    def __init__(self, everything: Everything) -> None:
        self.everything = everything

    def account(self, database: Database, asker: str) -> Account:
        expo = self.everything.expo
        address = {
            "stranger": f"organiser@{self.everything.other}.example",
            "operator": "operator@site.example",
            "other": expo.people[3][0].email,
            "attendee": expo.people[0][1].email,
            "exhibitor": expo.people[0][0].email,
            "owner": expo.organiser.email,
            "help desk": "desk@team.example",
        }.get(asker, f"{asker}@team.example")
        with database.read() as session:
            return session.scalars(select(Account).where(Account.email == address)).one()

    def token(self, database: Database, asker: str, *scopes: str) -> str:
        if asker == "service":
            return make_service_token(database)
        key = self.everything.other if asker == "stranger" else self.everything.expo.event.key
        account_id = self.account(database, asker).id
        with database.write() as session:
            actor = actors.actor_for(session, account_id, key, now=NOW)
            given = scopes or tuple(api_tokens.list_offered_scopes(actor))
            return api_tokens.create_api_token(session, actor, "test", given, now=NOW)[1]

    def address(self, rule: Rule) -> str:
        """Return a URL of the rule for existing objects."""
        built = rule.build(self.values(rule))
        assert built is not None, rule
        return built[1]

    def values(self, rule: Rule) -> dict[str, Any]:
        """Return the values of a URL."""
        known = self.everything.known
        key = "none" if rule.endpoint.startswith("busy_times.") else known["held"]
        values = VALUES | {
            "event_key": self.everything.expo.event.key,
            "mail_id": self.everything.letters[1],
            "key": KEYS.get(rule.endpoint, key),
            "step": STEPS.get(rule.endpoint, ""),
            "token": known.get(TOKENS.get(rule.endpoint.partition(".")[0], ""), "/none").rpartition("/")[2],
        }
        if rule.rule.startswith("/api/v1/events/"):
            values["key"] = self.everything.expo.event.key
        if rule.endpoint.startswith("unassigned_emails."):
            values["mail_id"] = known["stray"]
        if rule.endpoint == "manual.show_guide":
            values["name"] = "exhibitors"
        if rule.endpoint.startswith("create_from_workbook."):
            values["number"] = self.everything.first_file
        return {name: values[name] for name in rule.arguments}

    def browser(self, app: Flask, database: Database, asker: str) -> Browser:
        """Return a browser on a page with a form, whose CSRF token others accept too."""
        browser = Browser(app, None if asker == "nobody" else self.account(database, asker))
        browser.get("/sign-in" if asker == "nobody" else "/sessions")
        return browser


class Copies(Askers):
    """Copies of the event, one per role, so that roles do not affect each other."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.path, self.folder, self.count = folder / "everything.db", folder, 0
        shutil.copy(template, self.path)
        database = Database(f"sqlite:///{self.path}")
        super().__init__(Everything(database, web_app(database, NOWHERE)))
        database.dispose()

    @contextmanager
    def app(self) -> Iterator[tuple[Flask, Database]]:
        self.count += 1
        path = self.folder / f"{self.count}.db"
        shutil.copy(self.path, path)
        database = Database(f"sqlite:///{path}")
        yield web_app(database, NOWHERE), database
        database.dispose()

    def by_people(self) -> dict[str, dict[str, int]]:
        """Return the status of each page for each role, by route name."""
        found: dict[str, dict[str, int]] = {}
        for asker in PEOPLE:
            with self.app() as (app, database):
                browser = self.browser(app, database, asker)
                for method, rule in routes(app, programs=False):
                    if rule.endpoint in LEAVES:
                        browser = self.browser(app, database, asker)
                    fields = {"csrf_token": browser.token} if method == "POST" else None
                    answer = browser.client.open(self.address(rule), method=method, data=fields)
                    found.setdefault(name_of(method, rule), {})[asker] = answer.status_code
        return found

    def by_programs(self) -> dict[str, dict[str, int]]:
        """Return the status of each API operation, for PROGRAMS and for tokens of one scope each."""
        found: dict[str, dict[str, int]] = {}
        for asker in (*PROGRAMS, *api_tokens.SCOPES):
            bearer._noted.clear()
            with self.app() as (app, database):
                headers = {}
                if asker != "none":
                    one = "owner" if asker in api_tokens.OWNER_SCOPES else "organiser"
                    whose, scopes = (asker, ()) if asker in PROGRAMS else (one, (asker,))
                    headers = {"Authorization": f"Bearer {self.token(database, whose, *scopes)}"}
                if asker == "service":
                    headers[bearer.EVENT] = self.everything.expo.event.key
                for method, rule in routes(app, programs=True):
                    body = BODIES.get(rule.endpoint, {}) if method == "POST" else None
                    answer = app.test_client().open(
                        self.address(rule), method=method, headers=headers, json=body
                    )
                    found.setdefault(name_of(method, rule), {})[asker] = answer.status_code
        return found


def name_of(method: str, rule: Rule) -> str:
    """Return the route name in the table: variables without converters."""
    plain = re.sub(r"<(?:[^<>]*:)?([a-z_]+)>", r"<\1>", rule.rule)
    return f"{method} {plain.replace('/events/<event_key>', 'EVENT').replace('/api/v1', 'API')}"


def routes(app: Flask, *, programs: bool) -> Iterator[tuple[str, Rule]]:
    """Return the routes in a stable order, read-only ones first."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in NOT_ASKED]
    rules = [rule for rule in rules if rule.endpoint.startswith("v1.") == programs]
    last = {endpoint: number for number, endpoint in enumerate(LEAVES, 1)}
    rules.sort(key=lambda rule: (last.get(rule.endpoint, 0), name_of("", rule)))
    for method in ("GET", "POST", "DELETE"):
        yield from ((method, rule) for rule in rules if method in (rule.methods or ()))


def written(rows: dict[str, dict[str, int]], columns: tuple[str, ...]) -> str:
    """Format rows as in the table, for review and pasting."""
    return "\n".join(
        f"{name:<64} {' '.join(str(row[column]) for column in columns)}" for name, row in rows.items()
    )


def read(table: str, columns: tuple[str, ...]) -> dict[str, dict[str, int]]:
    rows: dict[str, dict[str, int]] = {}
    for line in table.strip().splitlines():
        name, *statuses = re.split(r"\s{1,}(?=\d{3}(?:\s|$))", line)
        rows[name.rstrip()] = dict(zip(columns, map(int, statuses), strict=True))
    return rows
