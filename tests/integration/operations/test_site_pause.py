"""The site's pause: nothing is sent, read or started while it lasts, and everything waits until its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from click.testing import CliRunner
from sqlalchemy import select, update

from api import health
from chainmeet.cli import main
from scheduler.domain.entities import AfterRun, AlertKind, RunState
from scheduler.domain.errors import NotAllowed
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.delivery import delivery, email_alerts
from scheduler.services.emails.inbound import mailbox
from scheduler.services.identity import sign_in
from scheduler.services.operations import alerts, job_intervals, site_pause, subscribers
from scheduler.services.planning.runs import overnight, recovery, runs
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, AuditLogEntry, Event, OutboxEmail, SignInRequest
from tests.integration.delivery.test_sending import QUEUED, SENT, Sender, addresses, publish, to
from tests.integration.emails.inbound.test_receiving import LONG_AGO, lmtp
from tests.integration.plugins.test_subscribers import Receiver, act, give
from tests.integration.team.test_operators import signed_in
from tests.support import replies
from tests.support.factories import NOW, make_account, make_event, make_night
from tests.support.published import Published
from tests.support.publishing import SETTINGS
from tests.support.threads import Step
from tests.support.web import Browser, web_app
from tests.support.workers import settings_for
from tests.unit.invites.test_transport import Catcher, serving
from workers.celery_app import make_celery
from workers.clock import Clock

OPERATOR = NamedDoer(name="operator")


def pause(database: Database, reason: str = "", minutes: float = 0) -> bool:
    with database.write() as session:
        return site_pause.pause(session, OPERATOR, reason, now=NOW + timedelta(minutes=minutes))


def resume(database: Database, minutes: float = 0) -> bool:
    with database.write() as session:
        return site_pause.resume(session, OPERATOR, now=NOW + timedelta(minutes=minutes))


@pytest.fixture
def published(database: Database) -> Published:
    return Published(database)


@dataclass
class Interrupting(Catcher):
    """A mail server during whose reply to one email something happens."""

    at_mail: int = 0
    then: Callable[[], object] = lambda: None
    seen: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        self.seen += envelope.rcpt_tos
        if len(self.seen) == self.at_mail:
            self.then()
        return await super().handle_DATA(server, session, envelope)


@pytest.mark.smtp
@pytest.mark.parametrize("urgent", [False, True])
def test_a_paused_site_sends_nothing_and_a_resumed_one_everything_once(
    database: Database, urgent: bool
) -> None:
    expected = publish(database)
    with database.write() as session:
        account = make_account(session, "boss@site.example", is_operator=True)
        alerts.raise_alert(session, AlertKind.MAILBOX, event_id=None, about="", reason="x", path="/", now=NOW)
        sign_in.queue_sign_in_email(
            session,
            account.email,
            errand={},
            secret_key=SETTINGS.secret_key,
            mail_domain=SETTINGS.mail_domain,
            now=NOW,
        )
    assert pause(database)
    with serving(Catcher()) as catcher:
        sender = Sender(database, to(catcher))
        assert sender.deliver(1) == 0
        delivery.deliver_emails(
            database, to(catcher), worker="u", now=lambda: NOW + timedelta(minutes=1), urgent=urgent
        )
        with database.read() as session:
            later = NOW + timedelta(minutes=1)
            assert not delivery.is_delivery_due(session, SETTINGS, now=later, urgent=urgent)
        assert (catcher.taken, catcher.connections) == ([], [])
        assert sender.states() == {QUEUED: 8}
        assert all(row.attempts == 0 for row in sender.rows())
        assert resume(database)
        assert sender.deliver(2) == 8
        assert Counter(addresses(catcher)) == Counter([*expected, "boss@site.example", "boss@site.example"])
        assert sender.deliver(3) == 0


@pytest.mark.smtp
def test_a_pause_ends_a_delivery_after_the_email_that_is_being_sent(database: Database) -> None:
    expected = publish(database)
    catcher = Interrupting(at_mail=3, then=lambda: Step(lambda: pause(database)).done())
    with serving(catcher):
        sender = Sender(database, to(catcher))
        assert sender.deliver() == 3
        assert sender.states() == {SENT: 3, QUEUED: 3}
        assert sender.deliver(1) == 0
        resume(database)
        assert sender.deliver(2) == 3
    assert Counter(addresses(catcher)) == Counter(expected)


@pytest.mark.smtp
def test_emails_of_a_rehearsal_wait_too(database: Database) -> None:
    publish(database)
    with database.write() as session:
        session.execute(update(Event).values(live_at=None))
    pause(database)
    with serving(Catcher()) as catcher:
        sender = Sender(database, to(catcher))
        assert (sender.deliver(), sender.states()) == (0, {QUEUED: 6})
        resume(database)
        sender.deliver(1)
        assert sender.rows()[0].rehearsed_as is not None


def test_no_overnight_run_starts_and_it_starts_after_the_pause(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_night(session, expo)
    pause(database)
    with database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW + timedelta(minutes=1)) == []
    resume(database, 30)
    with database.write() as session:
        assert len(overnight.queue_due_runs(session, now=NOW + timedelta(minutes=30))) == 1


def test_an_overnight_run_that_a_long_pause_skipped_is_reported_as_such(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_night(session, expo)
    pause(database)
    resume(database, 180)
    with database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW + timedelta(minutes=181)) == []
        (alert,) = session.scalars(select(Alert))
        assert alert.reason.endswith("did not take place: this site was paused.")


def test_a_queued_overnight_run_waits_and_a_run_of_an_organiser_does_not(database: Database) -> None:
    with database.write() as session:
        night, day = make_event(session), make_event(session)
        make_night(session, night, then=AfterRun.PUBLISH)
        (waits,) = overnight.queue_due_runs(session, now=NOW)
        goes = runs.queue_run(session, day.event.id, requested_by=None, now=NOW).id
    pause(database)
    hour = NOW + timedelta(hours=1)
    with database.write() as session:
        assert runs.claim_run(session, waits, "w", now=hour) is None
        assert recovery.recover_runs(session, now=hour) == [goes]
        assert [alert.event_id for alert in session.scalars(select(Alert))] == [day.event.id]
        assert runs.claim_run(session, goes, "w", now=hour) is not None
    resume(database, 60)
    with database.write() as session:
        assert recovery.recover_runs(session, now=hour) == [waits]
        claimed = runs.claim_run(session, waits, "w", now=hour + timedelta(minutes=1))
        assert claimed is not None and claimed.state is RunState.RUNNING
        assert claimed.then is AfterRun.DRAFT  # too late to publish


def test_mail_servers_that_deliver_replies_are_asked_to_try_again(published: Published) -> None:
    row = published.mail_to(0)
    pause(published.database)
    with lmtp(published.database) as client:
        client.ehlo()
        client.mail("")
        assert client.rcpt(replies.address(row))[0] == 451
        client.rset()
        resume(published.database)
        client.sendmail("", [replies.address(row)], replies.calendar(row, minutes=LONG_AGO))
    assert published.known(0) is not None


def test_a_reply_in_transit_when_the_pause_begins_is_refused_for_now(published: Published) -> None:
    row = published.mail_to(0)
    with lmtp(published.database) as client:
        client.ehlo()
        client.mail("")
        assert client.rcpt(replies.address(row))[0] == 250
        pause(published.database)
        assert client.data(replies.calendar(row, minutes=LONG_AGO))[0] == 451
    assert published.known(0) is None


def test_the_mailbox_is_not_opened(database: Database) -> None:
    pause(database)
    nowhere = replace(SETTINGS, imap_host="127.0.0.1", imap_port=1, imap_security="none")
    assert mailbox.fetch_mailbox(database, nowhere, now=lambda: NOW) is None


def test_plugins_are_notified_after_the_pause(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    receiver = Receiver()
    give(database, hook=receiver)
    pause(database)
    with database.write() as session:
        act(session, expo, "done during the pause")
    with database.write() as session:
        assert not subscribers.is_waiting(session, ["hook"], now=database.now())
    assert (give(database, hook=receiver), receiver.taken) == (0, [])
    resume(database)
    give(database, hook=receiver)
    assert sorted(receiver.told) == ["done during the pause", "site paused", "site resumed"]


def test_requested_sign_in_links_are_made_after_the_pause(database: Database, broker_url: str) -> None:
    settings = settings_for(database, broker_url)
    clock = Clock(database, replace(settings, tick_seconds=1), make_celery(settings))
    with database.write() as session:
        account = make_account(session)
        session.add(SignInRequest(email=account.email, errand={}, created_at=NOW))

    def state() -> tuple[int, int]:
        with database.read() as session:
            asked = session.scalars(select(SignInRequest)).all()
            return len(asked), len(session.scalars(select(OutboxEmail)).all())

    pause(database)
    assert clock.tick()
    assert state() == (1, 0)
    resume(database)
    with database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM job_heartbeat")
    assert clock.tick()
    assert state() == (0, 1)


def test_waiting_emails_raise_no_alert_during_a_pause_nor_just_after_it(database: Database) -> None:
    publish(database)
    pause(database)
    with database.write() as session:
        assert not email_alerts.update_outbox_alert(session, now=NOW + timedelta(hours=1))
        assert email_alerts.find_oldest_due(session, now=NOW + timedelta(hours=1)) is None
    resume(database, 60)
    with database.write() as session:
        assert not email_alerts.update_outbox_alert(session, now=NOW + timedelta(minutes=61))
        assert email_alerts.update_outbox_alert(session, now=NOW + timedelta(minutes=76))


def test_only_operators_pause_the_site_and_the_audit_log_names_them(database: Database) -> None:
    with database.write() as session:
        boss = make_account(session, "boss@site.example", is_operator=True)
        other = make_account(session, "other@site.example")
        with pytest.raises(NotAllowed):
            site_pause.pause_site(session, signed_in(other), "", now=NOW)
        with pytest.raises(NotAllowed):
            site_pause.resume_site(session, signed_in(other), now=NOW)
        assert site_pause.pause_site(session, signed_in(boss), "moving  house", now=NOW)
        assert not site_pause.pause_site(session, signed_in(boss), "again", now=NOW)
    with database.write() as session:
        assert site_pause.find_pause(session) == site_pause.SitePause(NOW, "moving house")
        assert site_pause.resume_site(session, signed_in(boss), now=NOW)
        assert not site_pause.resume_site(session, signed_in(boss), now=NOW)
    with database.read() as session:
        rows = session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.number)).all()
        assert [(row.who, row.about) for row in rows] == [
            ("boss@site.example", "site paused"),
            ("boss@site.example", "site resumed"),
        ]


def test_operators_pause_and_resume_by_their_page_and_the_team_sees_it(database: Database) -> None:
    with database.write() as session:
        boss = make_account(session, is_operator=True)
        expo = make_event(session)
        organiser = expo.organiser
        person = expo.people[0][0].account_id
    publish(database)
    app = web_app(database, "redis://127.0.0.1:1")
    page, of_event = Browser(app, boss), Browser(app, organiser)
    assert 'data-test="paused"' not in of_event.get(f"/events/{expo.event.key}/venue")
    page.get("/operators")
    assert 'aria-invalid="true"' in page.post("/operators/pause", 422, reason="x" * 201)
    shown = page.post("/operators/pause", reason="The database moves <b>")
    assert "Site paused." in shown and "6 emails are waiting in the outbox" in shown
    for browser, path in (
        (page, "/"),
        (of_event, f"/events/{expo.event.key}/venue"),
        (of_event, "/sessions"),
    ):
        expected = browser is page or "events" in path
        assert ('data-test="paused"' in browser.get(path)) is expected
    assert "The database moves &lt;b&gt;" in of_event.get(f"/events/{expo.event.key}/settings")
    of_event.post("/operators/resume", 404)
    of_event.post("/operators/pause", 404)
    with database.read() as session:
        attendee = session.get_one(type(boss), person)
    assert 'data-test="paused"' not in Browser(app, attendee).get(f"/events/{expo.event.key}/firms")
    assert "Site resumed." in page.post("/operators/resume")
    assert 'data-test="paused"' not in of_event.get(f"/events/{expo.event.key}/venue")


def test_readyz_says_paused_without_failing(
    database: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(health, "_broker", lambda: {"broker": "ok"})
    monkeypatch.setattr(health, "_disk", dict)
    pause(database)
    with database.write() as session:
        job_intervals.record_run(session, job_intervals.TICK, now=database.now())
    app = web_app(database, broker_url)
    response = app.test_client().get("/readyz")
    found = response.get_json()
    assert (response.status_code, found["status"], found["not_ready"]) == (200, "paused", [])
    assert found["paused"] == NOW.isoformat()
    resume(database)
    assert app.test_client().get("/readyz").get_json()["status"] == "ok"


def test_the_commands_pause_and_resume(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    url = database.url.render_as_string(hide_password=False)
    for name, value in replace(SETTINGS, database_url=url).to_env().items():
        monkeypatch.setenv(name, value)

    def said(*arguments: str) -> str:
        return CliRunner().invoke(main, arguments).output.strip()

    assert said("resume") == "The site is not paused."
    assert said("pause", "--reason", "the server moves") == "Site paused."
    assert said("pause") == "The site is already paused."
    with database.read() as session:
        found = site_pause.find_pause(session)
        assert found is not None and found.reason == "the server moves"
    assert said("resume") == "Site resumed."
