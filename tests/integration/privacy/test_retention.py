"""Retention: what has expired is deleted at night, as the page says beforehand, and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import undefer

from chainmeet.cli import main
from scheduler.config import Settings
from scheduler.domain.entities import (
    AlertKind,
    MailBox,
    MailKind,
    MailOutcome,
    OutboxKind,
    OutboxState,
    RunState,
    Tier,
    VersionState,
)
from scheduler.domain.errors import NotAllowed
from scheduler.domain.team import RegistrationState, TeamRole
from scheduler.domain.webhooks import MessageState, SignatureScheme
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.operations import site_pause
from scheduler.services.operations.site_pause import SitePaused
from scheduler.services.privacy import pruning
from scheduler.services.privacy.retention import RULES, DataKind
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    AddressChange,
    Alert,
    ApiToken,
    AuditLogEntry,
    BusySource,
    FirmRegistration,
    IdempotencyKey,
    ImportFile,
    InboundEmail,
    OutboxEmail,
    RegistryChange,
    Run,
    ScheduleVersion,
    SignInLink,
    TeamInvitation,
    WebhookAttempt,
    WebhookEndpoint,
    WebhookMessage,
)
from tests.integration.team.test_operators import signed_in
from tests.support import clocks
from tests.support.calendars import linked
from tests.support.factories import DAY, NOW, Expo, make_account, make_event, make_version
from tests.support.publishing import SETTINGS
from tests.support.threads import Step
from tests.support.web import Browser, web_app
from tests.support.workers import settings_for
from workers.celery_app import make_celery
from workers.clock import Clock

DAYS = {kind: getattr(SETTINGS, kind.setting) for kind in DataKind}
LATER = NOW + timedelta(days=400)


class Rows:
    """Two rows of each kind: one whose period ends just before `LATER`, and one that has an hour left."""

    def __init__(self, database: Database) -> None:
        with database.write() as session:
            self.session = session
            self.operator = make_account(session, "operator@site.example", is_operator=True)
            for kind in DataKind:
                moment = LATER - timedelta(days=DAYS[kind])
                for number, at in enumerate((moment - timedelta(hours=1), moment + timedelta(hours=1))):
                    self.number = f"{kind.value}{number}"
                    session.add_all(getattr(self, kind.value)(at))
                    session.flush()

    def event(self, ends_at: datetime) -> Expo:
        """Return an event whose only meeting time ended at this moment."""
        expo = make_event(self.session, firms=2, slots="1", first_day=DAY)
        (slot,) = expo.slots
        slot.start, slot.end = ends_at - timedelta(minutes=30), ends_at
        return expo

    def inbound(self, at: datetime, **columns: Any) -> InboundEmail:
        return InboundEmail(
            **{
                "event_id": None, "box": MailBox.BARE, "token_hash": self.number, "digest": self.number,
                "kind": MailKind.OWN, "message_id": "<1@x.example>", "sender": "who@x.example",
                "subject": "", "text": "text", "outcome": MailOutcome.IGNORED, "received_at": at,
                "handled_at": at, "size": 3, "raw": b"", "stored_size": 0,
            }
            | columns
        )  # fmt: skip

    def outbox(self, at: datetime, kind: OutboxKind, **columns: Any) -> OutboxEmail:
        return OutboxEmail(
            kind=kind, to_address="li@x.example", to_name="Li", message_id=f"<{self.number}@x>", payload={},
            state=OutboxState.SENT, next_attempt_at=at, created_at=at, sent_at=at, **columns,
        )  # fmt: skip

    def original_emails(self, at: datetime) -> Iterable[Any]:
        return [self.inbound(at, raw=b"raw", stored_size=3)]

    def received_emails(self, at: datetime) -> Iterable[Any]:
        return [self.inbound(at)]

    def sent_emails(self, at: datetime) -> Iterable[Any]:
        expo = self.event(at)
        return [self.outbox(at, OutboxKind.SUMMARY, event_id=expo.event.id)]

    def letters(self, at: datetime) -> Iterable[Any]:
        return [self.outbox(at, OutboxKind.DESK)]

    def sign_in_links(self, at: datetime) -> Iterable[Any]:
        link = SignInLink(
            account_id=self.operator.id, seed="s", token_hash=self.number, created_at=at, expires_at=at,
            errand={},
        )  # fmt: skip
        self.session.add(link)
        self.session.flush()
        return [self.outbox(at, OutboxKind.SIGN_IN, sign_in_link_id=link.id)]

    def source(self, at: datetime, *, is_saved: bool) -> BusySource:
        source = linked(self.event(at).people[0][0].id, b"sealed")
        source.is_saved, source.key, source.read_at = is_saved, self.number, at
        return source

    def calendar_previews(self, at: datetime) -> Iterable[Any]:
        return [self.source(at, is_saved=False)]

    def calendars(self, at: datetime) -> Iterable[Any]:
        return [self.source(at, is_saved=True)]

    def runs(self, at: datetime) -> Iterable[Any]:
        return [
            Run(
                event_id=self.event(at).event.id, number=1, state=RunState.FINISHED, seconds=20,
                created_at=at, finished_at=at, problem=b"problem",
            )
        ]  # fmt: skip

    def registrations(self, at: datetime) -> Iterable[Any]:
        return [self.registration(at, RegistrationState.DECLINED)]

    def unconfirmed_registrations(self, at: datetime) -> Iterable[Any]:
        return [self.registration(at, RegistrationState.UNCONFIRMED)]

    def registration(self, at: datetime, state: RegistrationState) -> FirmRegistration:
        return FirmRegistration(
            event_id=self.event(LATER).event.id, state=state, name="N", latin_name="N", country="CN",
            tier=Tier.UPSTREAM, areas=[], person="P", latin_person="P", email="p@x.example",
            languages=["zh"], mail_language="zh", created_at=at, expires_at=at,
            decided_at=at if state is RegistrationState.DECLINED else None,
        )  # fmt: skip

    def team_invitations(self, at: datetime) -> Iterable[Any]:
        return [
            TeamInvitation(
                event_id=self.event(LATER).event.id, email="t@x.example", role=TeamRole.VIEWER, seed="s",
                token_hash=self.number, created_at=at, expires_at=at,
            )
        ]  # fmt: skip

    def import_files(self, at: datetime) -> Iterable[Any]:
        return [ImportFile(account_id=self.operator.id, name="a.csv", kind="", octets=b"Li", created_at=at)]

    def participant_changes(self, at: datetime) -> Iterable[Any]:
        event_id = self.event(LATER).event.id
        change = RegistryChange(event_id=event_id, kind="edit", subject="Li", changed_at=at, changes={})
        self.session.add(change)
        self.session.flush()
        return [
            ImportFile(
                event_id=event_id, account_id=self.operator.id, name="a.csv", kind="", created_at=at,
                imported_at=at, registry_change_id=change.id,
            )
        ]  # fmt: skip

    def address_changes(self, at: datetime) -> Iterable[Any]:
        expo = self.event(LATER)
        return [
            AddressChange(
                event_id=expo.event.id, attendee_id=expo.people[0][0].id, old_address="a@x.example",
                new_address="b@x.example", changed_at=at,
            )
        ]  # fmt: skip

    def api_responses(self, at: datetime) -> Iterable[Any]:
        token = ApiToken(
            event_id=self.event(LATER).event.id, name="t", token_hash=self.number, scopes="",
            created_by=self.operator.id, created_at=at, expires_at=at, as_organiser=True, as_exhibitor=False,
        )  # fmt: skip
        self.session.add(token)
        self.session.flush()
        return [IdempotencyKey(api_token_id=token.id, key="k", request_hash="h", body="Li", created_at=at)]

    def webhook_messages(self, at: datetime) -> Iterable[Any]:
        endpoint = WebhookEndpoint(
            event_id=self.event(LATER).event.id, name="CRM", url=b"", scheme=SignatureScheme.ED25519,
            secret=b"", created_at=at, entry=0,
        )  # fmt: skip
        self.session.add(endpoint)
        self.session.flush()
        message = WebhookMessage(
            endpoint_id=endpoint.id, entry=1, type="event.changed", state=MessageState.DELIVERED,
            created_at=at,
        )  # fmt: skip
        self.session.add(message)
        self.session.flush()
        return [WebhookAttempt(message_id=message.id, at=at, status=204, milliseconds=1, response="Li")]

    def alerts(self, at: datetime) -> Iterable[Any]:
        return [Alert(kind=AlertKind.RUN_WAITS, about="", reason="", path="/", opened_at=at, resolved_at=at)]


def test_each_kind_has_a_setting_with_a_default() -> None:
    settings: dict[str, Any] = {field.name: field.default for field in fields(Settings)}
    assert [rule.kind for rule in RULES] == list(DataKind)
    assert {f"keep_{kind}" for kind in DataKind} == {name for name in settings if name.startswith("keep_")}
    assert all(settings[kind.setting] >= 1 for kind in DataKind)


def test_exactly_what_the_list_says_is_deleted_and_nothing_that_has_an_hour_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows(database)
    clocks.hold(monkeypatch, LATER)
    with database.read() as session:
        said = {each.kind: each.rows for each in pruning.list_expiring(session, SETTINGS, now=LATER)}
    assert said == dict.fromkeys(DataKind, 1)
    done = pruning.prune(database, SETTINGS)
    assert (done.rows, done.is_left) == (said, False)
    with database.read() as session:
        kept = {rule.kind: session.scalars(select(rule.table)).all() for rule in RULES}
        runs = session.scalars(select(Run.problem).order_by(Run.id)).all()
        links = session.scalars(select(OutboxEmail.sign_in_link_id)).all()
        undone = session.scalars(select(ImportFile.registry_change_id).order_by(ImportFile.id)).all()
        whole = select(InboundEmail).options(undefer(InboundEmail.raw)).order_by(InboundEmail.id)
        received = session.scalars(whole).all()
        entry = session.scalars(select(AuditLogEntry)).one()
    assert [len(kept[kind]) for kind in (DataKind.CALENDARS, DataKind.REGISTRATIONS, DataKind.ALERTS)] == [
        2, 2, 1,
    ]  # fmt: skip
    assert runs == [None, b"problem"]
    assert len(links) == 3 and sum(each is not None for each in links) == 1
    assert sum(each is not None for each in undone) == 1
    assert [(row.raw, row.sender) for row in received if row.token_hash.startswith("original")] == [
        (b"", "who@x.example"),
        (b"raw", "who@x.example"),
    ]
    assert [(row.text, row.sender) for row in received if row.token_hash.startswith("received")] == [
        ("", ""),
        ("text", "who@x.example"),
    ]
    assert (entry.chain, entry.act, entry.who) == (0, "privacy", "nightly deletion")
    assert '"alerts":1' in entry.after.replace(" ", "")
    assert pruning.prune(database, SETTINGS).rows == {}
    assert rows.operator.email not in entry.after


def test_the_run_of_a_version_is_kept_until_its_event_is_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks.hold(monkeypatch, LATER)
    states = [VersionState.PUBLISHED, VersionState.SUPERSEDED, VersionState.DISCARDED, None]
    with database.write() as session:
        expo = make_event(session, first_day=(LATER + timedelta(days=9)).date())
        for number, state in enumerate(states, 1):
            run = Run(
                event_id=expo.event.id, number=number, state=RunState.FINISHED, seconds=20, created_at=NOW,
                finished_at=NOW, problem=b"problem", plan=b"plan",
            )  # fmt: skip
            session.add(run)
            session.flush()
            if state is not None:
                make_version(session, expo, [], state=state).run_id = run.id
    assert pruning.prune(database, SETTINGS).rows == {DataKind.RUNS: 2}
    with database.read() as session:
        assert session.scalars(select(Run.plan).order_by(Run.number)).all() == [b"plan", b"plan", None, None]
        assert len(session.scalars(select(ScheduleVersion)).all()) == 3


def test_an_email_that_may_still_be_sent_and_its_link_are_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Rows(database)
    with database.write() as session:
        for email in session.scalars(select(OutboxEmail)):
            email.state = OutboxState.QUEUED
    clocks.hold(monkeypatch, LATER)
    done = pruning.prune(database, SETTINGS).rows
    assert done.keys() == set(DataKind) - {DataKind.SENT_EMAILS, DataKind.LETTERS, DataKind.SIGN_IN_LINKS}
    assert rows.operator.is_operator


def test_failed_emails_and_stopped_ones_of_ended_events_are_deleted_like_sent_ones(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Rows(database)
    with database.write() as session:
        for email in session.scalars(select(OutboxEmail)):
            is_of_event = email.kind is OutboxKind.SUMMARY
            email.state = OutboxState.QUEUED if is_of_event else OutboxState.FAILED
            email.stopped_at = NOW if is_of_event else None
    clocks.hold(monkeypatch, LATER)
    assert pruning.prune(database, SETTINGS).rows == dict.fromkeys(DataKind, 1)


def test_what_was_deleted_before_a_failure_is_in_the_audit_log(
    database: Database, owned_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Rows(database)
    clocks.hold(monkeypatch, LATER)
    with owned_database.write() as session:
        session.execute(text("ALTER TABLE alert RENAME TO alert_away"))
    with pytest.raises(DBAPIError):
        pruning.prune(database, SETTINGS)
    with database.read() as session:
        entry = session.scalars(select(AuditLogEntry)).one()
    assert json.loads(entry.after) == {kind: 1 for kind in DataKind if kind is not DataKind.ALERTS}


def test_the_deletion_stops_in_time_and_goes_on_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Rows(database)
    clocks.hold(monkeypatch, LATER)
    stops = iter([False, False, True])
    first = pruning.prune(database, SETTINGS, should_stop=lambda: next(stops))
    assert (len(first.rows), first.is_left) == (2, True)
    second = pruning.prune(database, SETTINGS)
    assert (first.rows.keys() | second.rows.keys(), second.is_left) == (set(DataKind), False)


def test_two_deletions_at_once_delete_each_row_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Rows(database)
    clocks.hold(monkeypatch, LATER)
    both = [Step(lambda: pruning.prune(database, SETTINGS).rows) for _ in range(2)]
    deleted = Counter[DataKind]()
    for step in both:
        deleted.update(step.done())
    deleted.update(pruning.prune(database, SETTINGS).rows)  # what each left to the other
    assert deleted == Counter(DataKind)


def test_a_row_that_another_transaction_holds_waits_for_the_next_night(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        pytest.skip("one writer at a time")
    Rows(database)
    clocks.hold(monkeypatch, LATER)
    with database.write() as session:
        held = select(OutboxEmail.id).where(OutboxEmail.kind == OutboxKind.DESK).with_for_update()
        assert len(session.scalars(held).all()) == 2
        assert pruning.prune(database, SETTINGS).rows.keys() == set(DataKind) - {DataKind.LETTERS}
    assert pruning.prune(database, SETTINGS).rows == {DataKind.LETTERS: 1}


def test_nothing_is_deleted_while_the_site_is_paused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Rows(database)
    clocks.hold(monkeypatch, LATER)
    with database.write() as session:
        site_pause.pause(session, NamedDoer(name="operator"), now=LATER)
    with pytest.raises(SitePaused):
        pruning.prune(database, SETTINGS)
    with database.read() as session:
        assert sum(each.rows for each in pruning.list_expiring(session, SETTINGS, now=LATER)) == len(DataKind)


def test_the_page_says_to_operators_what_goes_the_next_night(database: Database) -> None:
    rows = Rows(database)
    browser = Browser(web_app(database, "redis://127.0.0.1:1", keep_letters=10, prune_hour=9), rows.operator)
    with database.write() as session:
        for email in session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK)):
            email.created_at = NOW - timedelta(days=10) + timedelta(minutes=59)
    page = browser.get("/operators/retention")
    found = dict(re.findall(r'data-test="(\w+)".*?<td class="num"[^>]*>(\d+)</td>', page, re.DOTALL))
    assert found.keys() == set(DataKind) and found["letters"] == "2"  # at nine, an hour from now
    assert "CHAINMEET_KEEP_LETTERS" in page and "10 days" in page
    with database.read() as session:
        stranger = signed_in(Account(id=9, email="x@x.example", name="", is_operator=False))
        with pytest.raises(NotAllowed):
            pruning.preview_prune(session, stranger, SETTINGS, now=NOW)


def test_the_night_begins_once_at_its_hour(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(settings_for(database, "redis://127.0.0.1:1"), prune_hour=2)
    sent: list[datetime] = []
    clock = Clock(database, settings, make_celery(settings))
    midnight = NOW.replace(hour=0)
    for hours in (0, 1, 1.99, 2, 2.01, 9, 25.99, 26, 27):
        moment = midnight + timedelta(hours=hours)
        clocks.hold(monkeypatch, moment)
        monkeypatch.setattr("workers.dispatch.prune", lambda app, moment=moment: sent.append(moment))
        clock.tick()
    assert sent == [midnight + timedelta(hours=hours) for hours in (2, 26)]


def test_the_command_lists_what_it_would_delete_and_deletes_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Rows(database)
    clocks.hold(monkeypatch, LATER)
    environment = {**SETTINGS.to_env(), "CHAINMEET_DATABASE_URL": str(database.url.render_as_string(False))}
    run = CliRunner(env=environment)
    listed = run.invoke(main, ["prune", "--dry-run"]).output
    assert "1  Resolved alerts (CHAINMEET_KEEP_ALERTS=365)" in listed and "Nothing was deleted." in listed
    assert f"Rows deleted: {len(DataKind)}." in run.invoke(main, ["prune"]).output
    assert "Rows deleted: 0." in run.invoke(main, ["prune"]).output
