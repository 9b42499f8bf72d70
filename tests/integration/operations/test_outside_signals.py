"""The heartbeat and alerts to webhooks, through a real HTTPS server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.config import ConfigError, Settings
from scheduler.domain.entities import AlertKind
from scheduler.invites.transport import posting
from scheduler.services.operations import alerts, outside_signals
from scheduler.storage.database import Database
from tests.support import clocks
from tests.support.factories import NOW, make_event
from tests.support.publishing import SETTINGS
from tests.support.webhooks import Receiver, webhook_receiver


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with webhook_receiver() as receiver:
        monkeypatch.setattr(posting, "fetcher", receiver.fetcher)
        yield receiver


def texts(receiver: Receiver) -> list[str]:
    return [json.loads(body)["text"] for _, body in receiver.came]


def raise_alert(database: Database, about: str, minutes: float, event_id: int | None = None) -> None:
    with database.write() as session:
        alerts.raise_alert(
            session,
            AlertKind.MAILBOX,
            event_id=event_id,
            about=about,
            reason=f"Reason {about}.",
            path="/",
            now=NOW + timedelta(minutes=minutes),
        )


def test_a_heartbeat_is_an_empty_post(database: Database, receiver: Receiver) -> None:
    outside_signals.send_signals(database, replace(SETTINGS, heartbeat_webhook=receiver.address))
    assert [body for _, body in receiver.came] == [b""]


def test_each_new_alert_is_posted_once(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, alert_webhook=receiver.address)

    def send(minutes: float) -> list[str]:
        receiver.came.clear()
        clocks.hold(monkeypatch, NOW + timedelta(minutes=minutes))
        outside_signals.send_signals(database, settings)
        return texts(receiver)

    raise_alert(database, "old", -5)
    assert send(0) == []  # older than the webhook
    with database.write() as session:
        expo = make_event(session, name="Expo")
    raise_alert(database, "one", 1)
    raise_alert(database, "two", 1, expo.event.id)
    raise_alert(database, "three", 2)
    assert send(1.1) == []  # not settled
    assert send(3) == ["Reason one.\nExpo: Reason two.", "Reason three."]
    assert send(4) == []


def test_an_alert_that_is_not_accepted_is_posted_again(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(SETTINGS, alert_webhook=receiver.address)
    clocks.hold(monkeypatch, NOW)
    outside_signals.send_signals(database, settings)
    raise_alert(database, "one", 1)
    raise_alert(database, "two", 2)
    clocks.hold(monkeypatch, NOW + timedelta(minutes=3))
    receiver.answers = [204, 503]
    for _ in range(3):
        outside_signals.send_signals(database, settings)
    assert texts(receiver) == ["Reason one.", "Reason two.", "Reason two."]


@pytest.mark.parametrize("name", ["ALERT", "HEARTBEAT"])
def test_a_webhook_must_be_encrypted(name: str) -> None:
    given = SETTINGS.to_env() | {f"CHAINMEET_{name}_WEBHOOK": "http://hooks.example/x"}
    with pytest.raises(ConfigError, match="https"):
        Settings.from_env(given)
    assert "token-7" not in repr(replace(SETTINGS, alert_webhook="https://h.example/token-7"))
