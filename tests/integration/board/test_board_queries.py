"""Board queries through the broker: answered, or given up after a timeout."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from scheduler.storage.database import Database
from tests.integration.board.test_commands import Hall
from tests.support.workers import eventually, settings_for, worker
from workers import board_queries
from workers.celery_app import make_celery

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_worker_answers_and_one_that_is_away_is_given_up_in_time(
    database: Database, broker_url: str, tmp_path: Path
) -> None:
    with database.write() as session:
        hall = Hall(session)
    settings = settings_for(database, broker_url)
    celery = make_celery(settings)
    question = {"request": hall.one.key, "slots": ["s0", "s1"], "places": ["t0"]}

    def ask(number: int, seconds: float) -> board_queries.Answer | None:
        return board_queries.ask(
            hall.expo.event.id, number, question, redis_url=broker_url, app=celery, seconds=seconds
        )

    began = time.monotonic()
    assert ask(hall.number, 0.3) is None
    assert time.monotonic() - began < 10
    with worker(settings, "board", tmp_path):
        eventually(lambda: ask(hall.number, 20.0) is not None)
        answer = ask(hall.number, 20.0)
        assert answer is not None
        assert [(row["slot"], row["standing"]) for row in answer["targets"]] == [
            ("s0", "here"),
            ("s1", "free"),
        ]
        assert ask(99, 20.0) == {}
    celery.close()


def test_a_broker_that_is_away_is_no_answer_and_who_waits_no_more_is_not_wanted(
    database: Database, broker_url: str
) -> None:
    nowhere = "redis://127.0.0.1:1"
    celery = make_celery(settings_for(database, nowhere))
    assert board_queries.ask(1, 1, {}, redis_url=nowhere, app=celery, seconds=0.2) is None
    celery.close()
    assert not board_queries.is_wanted("nobody", redis_url=broker_url)
    board_queries.tell("somebody", {"revision": 1}, redis_url=broker_url)
    with board_queries._connect(broker_url, 1.0) as broker:
        assert json.loads(broker.lpop("chainmeet:board:answer:somebody") or "") == {"revision": 1}
