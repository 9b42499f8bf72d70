"""The demo event exercises the features of events."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from chainmeet.demo import load_sample
from chainmeet.demo.demo import planned_draft
from scheduler.domain import names
from scheduler.domain.entities import RunState
from scheduler.domain.errors import ChainmeetError
from scheduler.samples.expo import make_expo
from scheduler.storage.database import Database
from scheduler.storage.models import Place, Run
from tests.support.factories import NOW, SECRET_KEY, make_event


def test_mails_of_the_demonstration_name_whom_to_call_and_remind(database: Database) -> None:
    with database.write() as session:
        expo = make_expo(firms=20, requests=30, seed=1, start=date(2027, 5, 11))
        event = load_sample.load(
            session, expo, organiser_email="o@example.org", secret_key=SECRET_KEY, now=NOW
        )
        assert event.contact.endswith("+1 202 555 0143") and event.remind_minutes == 15


def test_every_place_of_the_demonstration_has_a_name_in_its_reader_s_language(database: Database) -> None:
    """Booths are named by number, as on a floor plan, because firm names have only one script."""
    with database.write() as session:
        expo = make_expo(firms=20, requests=30, seed=1, start=date(2027, 5, 11))
        load_sample.load(session, expo, organiser_email="o@example.org", secret_key=SECRET_KEY, now=NOW)
        called = list(session.scalars(select(Place.name)))
    chinese = [names.translated_place_name(name, "zh") for name in called]
    assert not any("of" in name.split() for name in called) and len(set(called)) == len(called)
    assert all(name.startswith(("展位 ", "洽谈桌 ")) for name in chinese)


def test_a_run_that_found_no_plan_says_how_to_give_it_more_time(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        run = Run(event_id=expo.event.id, number=1, state=RunState.FINISHED, seconds=20, created_at=NOW)
        session.add(run)
    with pytest.raises(ChainmeetError, match=r"no schedule within 20 s: .* --seconds 120"):
        planned_draft(database, run)
