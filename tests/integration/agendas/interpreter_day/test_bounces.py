"""An interpreter's address is marked as bouncing after two refusals, like an attendee's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import EmailFailure, Refusal
from scheduler.services.delivery import claims, email_routes, failed_emails, refusal_handling
from scheduler.services.events import dashboard
from scheduler.services.participants import editing, record_tables
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.storage.database import Database
from scheduler.storage.models import AddressReport, Interpreter
from tests.integration.agendas.interpreter_day.test_interpreter_notices import OWN, Scene
from tests.support.factories import NOW, SECRET_KEY
from tests.support.publishing import SETTINGS


class Refused(Scene):
    """A server that rejects the interpreter's address."""

    def hand_out(self, minutes: float) -> list[str]:
        """Return the recipients of claimed emails. The interpreter's is refused."""
        now = NOW + timedelta(minutes=minutes)
        with self.database.write() as session:
            rows = claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=now)
            routes = email_routes.load_routes(session, EmailRates())
            for row in rows:
                if row.to_address == OWN:
                    refusal_handling.record_refusal(
                        session, routes, row, Refusal.DEAD, "550 5.1.1 no such user", now=now
                    )
                else:
                    claims.mark_sent(session, row.id, worker="w", now=now)
            return [row.to_address for row in rows if row.kind == "briefing"]

    def is_marked(self) -> bool:
        with self.database.read() as session:
            actor = self.expo.organiser_actor()
            row = next(
                each for each in record_tables.list_interpreters(session, actor).items if each.email == OWN
            )
            count = failed_emails.count_failed_emails(session, actor).interpreters
            assert (
                count
                == dashboard.get_dashboard(session, actor, now=NOW).bounced_interpreters
                == int(row.has_bounced)
            )
            return row.has_bounced

    def bounce(self) -> None:
        self.publish(self.meetings(0, 1), None)
        assert self.hand_out(0) == [OWN]
        assert not self.is_marked(), "one report is not enough"
        assert self.hand_out(31) == [OWN], "it is sent once more"


@pytest.fixture
def scene(database: Database) -> Refused:
    found = Refused(database)
    found.bounce()
    return found


def test_the_second_refusal_marks_the_address_and_no_more_mails_go_there(scene: Refused) -> None:
    assert scene.is_marked()
    scene.publish(scene.meetings(2, 3), 1, 60)
    assert scene.hand_out(61) == []
    with scene.database.read() as session:
        (letter,) = failed_emails.list_failed_emails(session, scene.expo.organiser_actor()).items
        assert (letter.address, letter.failure) == (OWN, EmailFailure.BOUNCED)
        assert session.get_one(Interpreter, scene.own.id).bounce == "550 5.1.1 no such user"


def test_an_address_that_was_corrected_has_no_mark(scene: Refused) -> None:
    with scene.database.write() as session:
        actor = scene.expo.organiser_actor()
        cells = {"email": "lin@interpreters.example"}
        keys = [scene.own.key]
        editing.edit_records(session, actor, ImportKind.INTERPRETERS, keys, cells, settings=SETTINGS, now=NOW)
    with scene.database.read() as session:
        own = session.get_one(Interpreter, scene.own.id)
        assert (own.bounced_at, own.bounce) == (None, "")
        assert session.scalars(select(AddressReport)).all() == []
    scene.publish(scene.meetings(0, 1), 1, 60)
    assert scene.hand_out(61) == ["lin@interpreters.example"]


def test_who_sends_the_mail_again_says_that_the_address_works(scene: Refused) -> None:
    with scene.database.write() as session:
        actor = scene.expo.organiser_actor()
        assert failed_emails.resend_all_emails(session, actor, now=NOW) == 0, "not to addresses that bounce"
        (letter,) = failed_emails.list_failed_emails(session, actor).items
        assert failed_emails.resend_emails(session, actor, [letter.id], now=NOW + timedelta(hours=1)) == 1
    assert not scene.is_marked()
    assert scene.send(61) == [OWN]
    with scene.database.read() as session:
        assert failed_emails.list_failed_emails(session, scene.expo.organiser_actor()).total == 0


def test_a_report_about_the_old_address_marks_nobody(database: Database) -> None:
    scene = Refused(database)
    scene.publish(scene.meetings(0), None)
    with database.write() as session:
        session.merge(scene.own).email = "new@interpreters.example"
    scene.hand_out(0)
    with database.read() as session:
        (letter,) = failed_emails.list_failed_emails(session, scene.expo.organiser_actor()).items
        assert letter.failure is EmailFailure.PERMANENT
        assert session.get_one(Interpreter, scene.own.id).bounced_at is None
