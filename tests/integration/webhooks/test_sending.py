"""Webhook messages are signed, retried by the specification's schedule, and end as the responses say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook

from scheduler.domain.entities import AlertKind
from scheduler.domain.webhooks import AttemptFailure, DisabledReason, MessageState, SignatureScheme
from scheduler.invites.transport.public_addresses import is_public_address
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.identity import encryption
from scheduler.services.operations import site_pause
from scheduler.services.webhooks import endpoints, messages, sending
from scheduler.services.webhooks.event_types import MAX_BODY, MAX_NAMES, message_body
from scheduler.services.webhooks.messages import MessageCard
from scheduler.services.webhooks.sending import JITTER, LEASE, MAX_RETRY_AFTER, SCHEDULE, next_delay
from scheduler.storage.database import Database
from scheduler.storage.models import Alert, AuditLogEntry, OutboxEmail, WebhookEndpoint, WebhookMessage
from scheduler.storage.models.webhooks import MAX_RESPONSE
from tests.support import clocks
from tests.support.factories import NOW, SECRET_KEY, make_event
from tests.support.webhooks import HOST, Receiver, webhook_receiver


class Site:
    """An event with a webhook of which the first message, about its creation, was delivered."""

    def __init__(self, database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
        self.database, self.receiver = database, receiver
        self.now = NOW
        clocks.hold(monkeypatch, lambda: self.now)
        with database.write() as session:
            self.expo = make_event(session)
        self.number, self.secret = self.create()
        self.send()
        receiver.came.clear()

    def create(self, *types: str, scheme: SignatureScheme = SignatureScheme.HMAC_SHA256) -> tuple[int, str]:
        with self.database.write() as session:
            card, key = endpoints.create_endpoint(
                session,
                self.expo.organiser_actor(),
                "CRM",
                f"https://{HOST}/chainmeet",
                types=types,
                scheme=scheme,
                secret_key=SECRET_KEY,
                now=self.now,
            )
            row = session.get_one(WebhookEndpoint, card.number)
            row.url = encryption.encrypt(SECRET_KEY, endpoints.URL, self.receiver.address)  # with its port
            return card.number, key

    def act(self, about: str = "version 7 published", act: Act = Act.PUBLISH, **values: object) -> None:
        with self.database.write() as session:
            recording.record_act(
                session, self.expo.organiser_actor(), act, AuditSubject(about), now=self.now, **values
            )  # type: ignore[arg-type]

    def send(self, *, later: timedelta = timedelta()) -> int:
        self.now += later
        fetcher = self.receiver.fetcher(max_octets=4 * MAX_RESPONSE)
        return sending.send_messages(self.database, SECRET_KEY, fetcher=fetcher)

    def messages(self) -> list[MessageCard]:
        with self.database.read() as session:
            page = messages.list_messages(session, self.expo.organiser_actor(), self.number)
            return list(page.items)

    def card(self) -> endpoints.WebhookCard:
        with self.database.read() as session:
            return endpoints.get_endpoint(
                session, self.expo.organiser_actor(), self.number, secret_key=SECRET_KEY, now=self.now
            )


@pytest.fixture
def site(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with webhook_receiver() as receiver:
        yield Site(database, receiver, monkeypatch)


def test_a_message_is_signed_and_names_what_changed_without_values(site: Site) -> None:
    site.act("invitation to ines@example.org accepted", Act.ROLE, before={"role": "a"}, after={"role": "b"})
    assert site.send() == 1
    ((headers, body),) = site.receiver.came
    document = Webhook(site.secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert document["type"] == "team.role_changed" and document["timestamp"] == NOW.isoformat()
    assert document["data"] == {
        "event": site.expo.event.key,
        "entry": site.messages()[0].entry,
        "about": "invitation to … accepted",
        "firm": "",
        "changed": ["role"],
    }
    assert headers["webhook-id"] == f"audit_{site.expo.event.id}-{document['data']['entry']}"
    assert headers["Content-Type"] == "application/json" and "@" not in body.decode()


def test_the_first_message_is_about_the_creation(site: Site) -> None:
    (first,) = site.messages()
    assert (first.type, first.state) == ("webhook.changed", MessageState.DELIVERED)
    assert [(each.status, each.failure) for each in first.attempts] == [(204, None)]
    card = site.card()
    assert (card.pending, card.failed, card.delivered_at) == (0, 0, NOW)


def test_an_endpoint_gets_the_types_that_it_chose_and_acts_without_a_type_are_not_sent(site: Site) -> None:
    site.create("schedule.published")
    site.act("settings", Act.SETTINGS)
    site.act("list of people", Act.CONTACT_VIEW)
    site.act("version 7 published", Act.PUBLISH)
    assert site.send() == 4  # the first endpoint: webhook.changed, settings and publication
    types = [json.loads(body)["type"] for _, body in site.receiver.came]
    assert sorted(types) == [
        "event.settings_changed", "schedule.published", "schedule.published", "webhook.changed",
    ]  # fmt: skip


def test_a_body_is_bounded(site: Site) -> None:
    site.act("é" * 200, after={f"{'é' * 300}{number:04}": number for number in range(10)})
    with site.database.read() as session:
        entry = sending.entries_after(session, site.expo.event.id, 0, limit=10)[-1]
    change = entry.changes[0]
    assert len(change.name) == 304
    widest = replace(entry, changes=(change,) * 5_000)
    assert len(message_body(widest)) <= MAX_BODY
    assert len(json.loads(message_body(widest))["data"]["changed"]) == MAX_NAMES


def test_failures_follow_the_schedule_of_the_specification(site: Site) -> None:
    site.receiver.answers = [500] * 10
    site.act()
    site.send()
    began = site.now
    for delay in SCHEDULE[1:]:
        assert site.send(later=delay - timedelta(seconds=1)) == 0, "not before its time"
        assert site.send(later=delay * JITTER + timedelta(seconds=2)) == 1
    assert [each.status for each in site.messages()[0].attempts] == [500] * 10
    assert site.messages()[0].state is MessageState.FAILED
    assert timedelta(hours=75.5) <= site.now - began <= timedelta(hours=84)
    assert site.card().disabled_reason is DisabledReason.FAILING
    ids = {headers["webhook-id"] for headers, _ in site.receiver.came}
    timestamps = {headers["webhook-timestamp"] for headers, _ in site.receiver.came}
    assert (len(site.receiver.came), len(ids), len(timestamps)) == (10, 1, 10)


def test_the_schedule_is_the_specifications_with_jitter() -> None:
    seconds = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert [each.total_seconds() for each in SCHEDULE] == seconds
    assert sum(SCHEDULE, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert next_delay(1, timedelta(), jitter=0) == timedelta(seconds=5)
    assert next_delay(1, timedelta(), jitter=1) == timedelta(seconds=5.5)
    assert next_delay(10, timedelta(), jitter=0) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        ("999999999999", 86_400),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 5),
        ("soon", 5),
        ("²", 5),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_respected_within_bounds(site: Site, status: int, header: str, seconds: int) -> None:
    site.receiver.answers, site.receiver.headers = (
        [status],
        {"Retry-After": header.encode().decode("latin-1")},
    )
    site.act()
    site.send()
    due = site.messages()[0].next_attempt_at
    assert due is not None
    assert timedelta(seconds=seconds) <= due - site.now <= timedelta(seconds=seconds * (1 + JITTER))
    assert timedelta(days=1) == MAX_RETRY_AFTER


def test_gone_disables_the_endpoint_and_tells_the_team(site: Site) -> None:
    site.receiver.answers = [410]
    site.act()
    site.send()
    card = site.card()
    assert (card.disabled_reason, card.disabled_at, card.pending, card.failed) == (
        DisabledReason.GONE, site.now, 0, 1,
    )  # fmt: skip
    with site.database.read() as session:
        alert = session.scalars(select(Alert)).one()
        assert (alert.kind, alert.event_id) == (AlertKind.WEBHOOK_DISABLED, site.expo.event.id)
        assert "no longer wants messages" in alert.reason and alert.path.endswith(f"/webhooks/{site.number}")
        mail = session.scalars(select(OutboxEmail)).one()
        assert mail.to_address == site.expo.organiser.email
        entry = session.scalars(select(AuditLogEntry).order_by(AuditLogEntry.id.desc())).first()
        assert entry is not None and entry.about == f"webhook {site.number} disabled"
        assert (entry.who, entry.after) == ("webhook delivery", '{"reason":"gone"}')
    site.act()
    assert site.send() == 0, "nothing is sent to a disabled endpoint"
    with site.database.write() as session:
        actor = site.expo.organiser_actor()
        endpoints.enable_endpoint(session, actor, site.number, secret_key=SECRET_KEY, now=site.now)
    site.receiver.came.clear()
    assert site.send() == 1, "only that it was enabled: what happened meanwhile is not sent"
    with site.database.read() as session:
        assert session.scalars(select(Alert.open_key)).one() is None


def test_redirects_are_not_followed(site: Site) -> None:
    site.receiver.answers, site.receiver.headers = [302], {"Location": "https://127.0.0.1/"}
    site.act()
    site.send()
    (attempt,) = site.messages()[0].attempts
    assert (attempt.status, attempt.failure) == (302, AttemptFailure.STATUS)
    assert len(site.receiver.came) == 1


def test_the_stored_response_is_bounded_and_without_control_characters(site: Site) -> None:
    site.receiver.answers, site.receiver.text = [500], b"\x00no\n" + "é".encode() * 50_000
    site.act()
    site.send()
    text = site.messages()[0].attempts[0].response
    assert len(text) == MAX_RESPONSE and text.isprintable() and text.lstrip().startswith("no")


def test_both_keys_sign_for_a_day_after_a_rotation(site: Site) -> None:
    with site.database.write() as session:
        actor = site.expo.organiser_actor()
        card, key = endpoints.rotate_key(session, actor, site.number, secret_key=SECRET_KEY, now=site.now)
    assert card.rotated_until == site.now + endpoints.OVERLAP == site.now + timedelta(hours=24)
    site.send()
    headers, body = site.receiver.came[-1]
    lower = {name.lower(): value for name, value in headers.items()}
    for each in (key, site.secret):
        Webhook(each).verify(body, lower)
    site.act()
    site.send(later=timedelta(hours=24, seconds=1))
    assert site.receiver.came[-1][0]["webhook-signature"].count("v1,") == 1


def test_an_ed25519_endpoint_shows_its_public_key(site: Site) -> None:
    number, key = site.create("webhook.changed", scheme=SignatureScheme.ED25519)
    assert key.startswith("whpk_")
    with site.database.read() as session:
        actor = site.expo.organiser_actor()
        card = endpoints.get_endpoint(session, actor, number, secret_key=SECRET_KEY, now=site.now)
    assert card.public_key == key
    site.send()
    assert site.receiver.came[-1][0]["webhook-signature"].startswith("v1a,")


def test_a_message_and_all_failed_ones_are_replayed_with_their_ids(site: Site) -> None:
    site.receiver.answers = [410]
    site.act()
    site.send()
    actor, failed = site.expo.organiser_actor(), site.messages()[0].entry
    with site.database.write() as session:
        endpoints.enable_endpoint(session, actor, site.number, secret_key=SECRET_KEY, now=site.now)
        assert messages.replay_failed(
            session, actor, site.number, since=site.now + timedelta(seconds=1), now=site.now
        ) == 0  # fmt: skip
        assert messages.replay_failed(session, actor, site.number, since=NOW, now=site.now) == 1
    site.receiver.came.clear()
    site.send()
    with site.database.write() as session:
        replayed = messages.replay_message(session, actor, site.number, failed, now=site.now)
    assert replayed.state is MessageState.PENDING
    site.send()
    ids = [headers["webhook-id"] for headers, _ in site.receiver.came]
    assert ids.count(f"audit_{site.expo.event.id}-{failed}") == 2
    assert all(each.state is MessageState.DELIVERED for each in site.messages())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "fe80::1",
        "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "0.0.0.0", "::ffff:10.0.0.1", "192.0.0.192",
    ],
)  # fmt: skip
def test_private_and_metadata_addresses_are_refused(address: str) -> None:
    assert not is_public_address(address)


def test_a_host_is_resolved_once_and_connected_at_the_checked_address(site: Site) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    fetcher = replace(site.receiver.fetcher(), resolve=resolve)
    site.act()
    assert sending.send_messages(site.database, SECRET_KEY, fetcher=fetcher) == 1
    assert asked == [HOST] and len(site.receiver.came) == 1
    private = replace(fetcher, is_allowed=is_public_address, resolve=lambda _host, _port: ["127.0.0.1"])
    site.act()
    sending.send_messages(site.database, SECRET_KEY, fetcher=private)
    assert site.messages()[0].attempts[0].failure is AttemptFailure.NOT_PUBLIC
    assert len(site.receiver.came) == 1, "no connection"


def test_a_message_of_a_dead_worker_is_sent_again_after_its_lease(site: Site) -> None:
    site.act()
    with site.database.write() as session:
        sending.make_messages(session, site.number, now=site.now)
        newest = select(WebhookMessage).order_by(WebhookMessage.id.desc()).limit(1)
        session.scalars(newest).one().next_attempt_at = site.now + LEASE
    assert site.send() == 0
    assert site.send(later=LEASE) == 1


def test_nothing_is_sent_while_the_site_is_paused(site: Site) -> None:
    site.act()
    with site.database.write() as session:
        assert sending.is_sending_due(session, now=site.now)
        site_pause.pause(session, NamedDoer(), "move", now=site.now)
        assert not sending.is_sending_due(session, now=site.now)
    assert site.send() == 0


def test_urls_and_secrets_are_encrypted(site: Site) -> None:
    with site.database.read() as session:
        row = session.get_one(WebhookEndpoint, site.number)
        assert HOST.encode() not in row.url and site.secret.encode() not in row.secret
        logged = "".join(session.scalars(select(AuditLogEntry.after)))
    assert HOST in logged and "/chainmeet" not in logged and "whsec_" not in logged
