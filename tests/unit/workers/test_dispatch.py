"""Sending tasks without a broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from celery import Celery

from scheduler.config import Settings
from scheduler.secret_keys import SecretKeys
from workers import dispatch
from workers.celery_app import make_celery


@pytest.mark.parametrize("send", [dispatch.deliver, dispatch.deliver_urgent, dispatch.fetch])
def test_a_page_waits_for_no_broker_that_is_away(
    send: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", pauses.append)
    nowhere = Settings(
        database_url="sqlite://", redis_url="redis://127.0.0.1:1", secret_key=SecretKeys("k" * 40)
    )
    app: Celery = make_celery(nowhere)
    assert not send(app=app)
    assert sum(pauses) == 0


def test_a_task_with_an_id_is_tried_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", pauses.append)
    nowhere = Settings(
        database_url="sqlite://", redis_url="redis://127.0.0.1:1", secret_key=SecretKeys("k" * 40)
    )
    assert not dispatch.solve(1, app=make_celery(nowhere))
    assert sum(pauses) < 0.5
