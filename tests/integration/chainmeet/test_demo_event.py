"""The demonstration's event shows what an event can say."""

from __future__ import annotations

from datetime import date

from chainmeet.demo import load
from scheduler.samples.expo import make_expo
from scheduler.storage.database import Database
from tests.support.factories import NOW, SECRET_KEY


def test_mails_of_the_demonstration_name_whom_to_call_and_remind(database: Database) -> None:
    with database.write() as session:
        expo = make_expo(firms=20, requests=30, seed=1, start=date(2027, 5, 11))
        event = load.load(session, expo, organiser_email="o@example.org", secret_key=SECRET_KEY, now=NOW)
        assert event.contact.endswith("+1 202 555 0143") and event.remind_minutes == 15
