"""Which actions are logged, and how organisers and operators read the log."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailBox, MailKind, MailOutcome
from scheduler.domain.errors import NotAllowed
from scheduler.domain.team import TeamRole
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.delivery import email_queue, email_texts
from scheduler.services.emails.calendar_status import board, call_list
from scheduler.services.emails.calendar_status.board import BoardFilters
from scheduler.services.events import events
from scheduler.services.identity import actors, api_tokens, sign_in
from scheduler.services.operations import audit_entries
from scheduler.services.operations.audit_entries import AuditFilter
from scheduler.services.planning.runs import overnight, run_control
from scheduler.services.publishing import version_actions
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, Event, InboundEmail
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_event,
    make_member,
    make_night,
    make_request,
    meet,
)
from tests.support.publishing import draft, publish
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


def run(session: Session, expo: Expo) -> None:
    run_control.start_run(session, expo.organiser_actor(), seconds=5, now=NOW)


def cancel(session: Session, expo: Expo) -> None:
    run(session, expo)
    run_control.cancel_run(session, expo.organiser_actor(), 1, now=NOW)


def night(session: Session, expo: Expo) -> None:
    make_night(session, expo)
    overnight.queue_due_runs(session, now=NOW)


def put_out(session: Session, expo: Expo) -> None:
    request = make_request(session, expo)
    publish(session, expo, draft(session, expo, [meet(request, expo)]), None)


def roll_back(session: Session, expo: Expo) -> None:
    request = make_request(session, expo)
    for before in (None, 1):
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=before or 0)]), before)
    version_actions.restore_version(session, expo.organiser_actor(), 1, now=NOW)


def discard(session: Session, expo: Expo) -> None:
    draft(session, expo, [meet(make_request(session, expo), expo)])
    version_actions.discard_draft(session, expo.organiser_actor(), 1, now=NOW)


def change_settings(session: Session, expo: Expo) -> None:
    form = events.get_settings(session, expo.organiser_actor())
    events.update_settings(session, expo.organiser_actor(), replace(form, solve_seconds=77), now=NOW)


def make_token(session: Session, expo: Expo) -> None:
    card, _ = api_tokens.create_api_token(session, expo.organiser_actor(), "robot", ["runs:read"], now=NOW)
    api_tokens.revoke_api_token(session, expo.organiser_actor(), card.id, now=NOW)


def pause(session: Session, expo: Expo) -> None:
    email_queue.pause_emails(session, expo.organiser_actor(), now=NOW)


def word_mails(session: Session, expo: Expo) -> None:
    typed = {
        field.part: field.text
        for field in email_texts.list_fields(session, expo.organiser_actor(), "en", "new")
    }
    typed["note"] = "Meet us at the lake."
    email_texts.save_texts(session, expo.organiser_actor(), "en", "new", typed, now=NOW)


def export_calls(session: Session, expo: Expo) -> None:
    found = board.show_board(session, expo.organiser_actor(), BoardFilters(), now=NOW)
    call_list.export_calls_csv(session, expo.organiser_actor(), found, now=NOW)


@pytest.mark.parametrize(
    ("step", "act", "about", "after"),
    [
        (run, Act.RUN, "run 1 started", '"seconds":5'),
        (cancel, Act.RUN, "run 1 cancelled", ""),
        (night, Act.RUN, "run 1 started", '"then":"draft"'),
        (put_out, Act.PUBLISH, "version 1 published", '"published":1'),
        (roll_back, Act.RESTORE, "version 3 created from version 1", ""),
        (discard, Act.DISCARD, "version 1 discarded", ""),
        (change_settings, Act.SETTINGS, "settings", '{"solve_seconds":77}'),
        (make_token, Act.TOKEN, "token 1, robot, revoked", ""),
        (pause, Act.EMAILS, "emails paused", '"rows":1'),
        (word_mails, Act.EMAIL_TEXTS, "email texts, en, new", "Meet us at the lake."),
        (export_calls, Act.EXPORT, "call list", '"people":'),
    ],
)
def test_the_step_is_in_the_trail(
    database: Database, expo: Expo, step: Callable[[Session, Expo], None], act: Act, about: str, after: str
) -> None:
    with database.write() as session:
        step(session, expo)
    with database.read() as session:
        last = session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.number.desc())).first()
    assert last is not None and (last.chain, last.act, last.about) == (expo.event.id, act, about)
    assert after in last.after
    assert last.who == ("overnight run" if step is night else expo.organiser.email)


@pytest.mark.parametrize("of_event", [True, False], ids=["of an event", "of the installation"])
def test_a_mail_that_is_saved_as_it_came_is_in_the_trail(
    database: Database, expo: Expo, of_event: bool
) -> None:
    with database.write() as session:
        mail = InboundEmail(
            event_id=expo.event.id if of_event else None, box=MailBox.BARE, token_hash="", digest="d",
            kind=MailKind.OWN, message_id="<1@x.example>", sender="who@x.example", subject="", text="",
            outcome=MailOutcome.WAITING, received_at=NOW, size=3, raw=b"raw", stored_size=3,
        )  # fmt: skip
        session.add(mail)
        session.get_one(Account, expo.organiser.id).is_operator = True
        session.flush()
        mail_id = mail.id
    path = f"/events/{expo.event.key}/inbox" if of_event else "/operators/unassigned-emails"
    assert Browser(web_app(database, NOWHERE), expo.organiser).get(f"{path}/{mail_id}/raw") == "raw"
    of_exports = AuditLogEntry.act == Act.EXPORT, AuditLogEntry.chain == (expo.event.id if of_event else 0)
    with database.read() as session:
        told = session.execute(select(AuditLogEntry.who, AuditLogEntry.about).where(*of_exports)).all()
    assert told == [(expo.organiser.email, f"original email {mail_id}")]


def test_no_secret_of_a_token_is_in_the_trail(database: Database, expo: Expo) -> None:
    with database.write() as session:
        _, text = api_tokens.create_api_token(
            session, expo.organiser_actor(), "robot", ["runs:read"], now=NOW
        )
    with database.read() as session:
        (entry,) = session.scalars(select(AuditLogEntry))
    assert "runs:read" in entry.after
    assert not any(text in str(value) for value in vars(entry).values())


def test_sign_ins_and_links_that_let_nobody_in_are_in_the_installation_s(
    database: Database, expo: Expo
) -> None:
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, expo.organiser.id, secret_key=SECRET_KEY, now=NOW)
        sign_in.redeem_sign_in_link(session, token, now=NOW)
    browser = Browser(web_app(database, NOWHERE))
    browser.get("/sign-in")
    for each in (token, "never made"):
        assert browser.client.post(f"/sign-in/{each}", data={"csrf_token": browser.token}).status_code == 410
    with database.read() as session:
        told = session.execute(
            select(AuditLogEntry.chain, AuditLogEntry.act, AuditLogEntry.who, AuditLogEntry.about)
        ).all()
    assert told == [
        (0, "sign-in", expo.organiser.email, "signed in with a link"),
        (0, "sign-in-failed", expo.organiser.email, "used link"),
    ]


def many(database: Database, expo: Expo, count: int) -> None:
    """Insert rows as they are stored, without valid hashes."""
    row = {
        "chain": expo.event.id, "act": "settings", "account_id": 1, "who": "li@expo.example", "role": "owner",
        "token_id": None, "for_firm": "", "before": '{"a":1}', "after": '{"a":2}', "hash": "0" * 64,
    }  # fmt: skip
    rows = [
        {**row, "number": i, "at": NOW + timedelta(minutes=i), "about": f"step {i}"}
        for i in range(1, count + 1)
    ]
    with database.write() as session:
        recording._hold(session, expo.event.id)
        session.execute(insert(AuditLogEntry), rows)


def test_organisers_read_it_page_by_page_in_a_constant_number_of_queries(
    database: Database, expo: Expo
) -> None:
    many(database, expo, 3000)

    def read(session: Session) -> None:
        page = audit_entries.list_entries(session, expo.organiser_actor(), AuditFilter(), number=2)
        assert (page.total, page.items[0].number, len(page.items)) == (3000, 2950, 50)
        assert [(c.name, c.before, c.after) for c in page.items[0].changes] == [("a", "1", "2")]

    assert count_selects(database, read) <= 4


def test_it_is_filtered_by_act_words_and_days(database: Database, expo: Expo) -> None:
    many(database, expo, 9)

    def found(**wanted: object) -> list[int]:
        with database.read() as session:
            page = audit_entries.list_entries(session, expo.organiser_actor(), AuditFilter(**wanted))
        return [entry.number for entry in page.items]

    assert found(act="run") == [] and len(found(act="settings")) == 9
    assert found(text="STEP 7") == [7] and found(text="li@ nothing") == []
    assert found(since=NOW + timedelta(minutes=8)) == [9, 8]
    assert found(before=NOW + timedelta(minutes=2)) == [1]


def test_who_is_no_organiser_does_not_read_it(database: Database, expo: Expo) -> None:
    with database.write() as session:
        reader = make_member(session, expo, TeamRole.VIEWER)
        for actor in (expo.actor(0), actors.actor_for(session, reader.id, expo.event.key, now=NOW)):
            with pytest.raises(NotAllowed):
                audit_entries.list_entries(session, actor, AuditFilter())


def test_an_event_with_the_number_of_one_that_was_deleted_has_a_trail_of_its_own(
    database: Database, expo: Expo
) -> None:
    many(database, expo, 3)
    with database.write() as session:
        session.get_one(Event, expo.event.id).created_at = NOW + timedelta(minutes=3)
    with database.read() as session:
        assert audit_entries.list_entries(session, expo.organiser_actor(), AuditFilter()).total == 1


def test_the_pages_show_filter_and_export_it(database: Database, expo: Expo) -> None:
    many(database, expo, 60)
    browser, page = Browser(web_app(database, NOWHERE), expo.organiser), f"/events/{expo.event.key}/audit-log"
    shown = browser.get(page)
    assert "Step 60" in shown and "Step 10" not in shown and "1 to 50 of 60" in shown
    assert "Step 10" in browser.get(f"{page}?page=2")
    assert "No entries match your filters" in browser.get(f"{page}?act=run&since=x&until=2999-01-01")
    text = browser.client.get(f"{page}.csv?text=step+57").text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [row["about"] for row in rows] == ["step 57"] and rows[0]["after"] == '{"a":2}'
    assert "Export CSV" in browser.get(page)


def test_operators_read_that_of_the_installation(database: Database, expo: Expo) -> None:
    with database.write() as session:
        operator = sign_in.ensure_account(session, "op@site.example", is_operator=True, now=NOW)
    app = web_app(database, NOWHERE)
    assert "Signed in with a link" in Browser(app, operator).get("/audit-log?act=sign-in")
    Browser(app, expo.organiser).get("/audit-log", status=404)
