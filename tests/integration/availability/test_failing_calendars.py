"""A failing linked calendar: one email to its owner, shown to them and to organisers until it works."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import NotAllowed
from scheduler.services.availability import busy_times, calendar_failures
from scheduler.services.availability import refetch as refetching
from scheduler.services.delivery import rendering
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, BusySource, OutboxEmail
from tests.support import clocks
from tests.support.calendars import FarSide, busy_in
from tests.support.factories import NOW, SECRET_KEY, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

ADDRESS = "https://calendar.example/private-hunter2/basic.ics"
HOUR = timedelta(hours=1, minutes=1)


class Linked:
    """An attendee with a linked calendar, and a fake fetcher."""

    def __init__(self, database: Database) -> None:
        self.database, self.far, self.now = database, FarSide(), NOW
        with database.write() as session:
            self.expo = make_event(session, slots="4 2")
        self.actor = self.expo.actor(0)
        self.far.octets = busy_in(self.expo.slots[0])
        key = busy_times.preview_link(
            database, self.actor, ADDRESS, "Asia/Shanghai",
            fetcher=self.far, secret_key=SECRET_KEY, now=NOW,
        )  # fmt: skip
        with database.write() as session:
            busy_times.save_calendar(session, self.actor, key, now=NOW)

    def hours(self, count: int, fails: str = "The calendar server took too long to respond.") -> None:
        """Let hours pass, during which the calendar fails with a reason, or is read without one."""
        self.far.fails, self.far.etag = fails, "" if fails else f'"{self.now}"'
        for _ in range(count):
            self.now += HOUR
            refetching.refetch_calendars(
                self.database, fetcher=self.far, secret_key=SECRET_KEY, now=lambda: self.now,
                should_stop=lambda: False, max_seconds=60,
            )  # fmt: skip

    def mails(self) -> list[OutboxEmail]:
        with self.database.read() as session:
            desk = select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK)
            return list(session.scalars(desk.order_by(OutboxEmail.id)))

    def failing(self) -> list[str]:
        with self.database.read() as session:
            return [each.name for each in calendar_failures.list_own_failures(session, self.actor)]


@pytest.fixture
def linked(database: Database) -> Linked:
    return Linked(database)


def test_the_owner_gets_one_email_once_it_has_failed_twice(linked: Linked) -> None:
    linked.hours(1)
    assert linked.mails() == [] and linked.failing() == ["calendar.example"]
    linked.hours(30)
    [mail] = linked.mails()
    assert mail.to_address == linked.expo.people[0][0].email
    assert mail.attendee_id == linked.actor.attendee_id
    linked.hours(1, fails="")
    assert linked.failing() == [] and len(linked.mails()) == 1


def test_one_that_fails_again_is_told_again_but_not_within_a_day(linked: Linked) -> None:
    linked.hours(3)
    linked.hours(1, fails="")
    linked.hours(3)
    assert len(linked.mails()) == 1 and linked.failing() == ["calendar.example"]
    linked.hours(1, fails="")
    linked.hours(26)
    assert len(linked.mails()) == 2


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Your calendar is not syncing"),
        ("hu", "A naptára nem frissül"),
        ("zh", "您的日历已停止同步"),
    ],
)
def test_the_email_names_the_calendar_and_leads_to_the_page_in_the_reader_s_language(
    linked: Linked, language: str, said: str
) -> None:
    with linked.database.write() as session:
        session.get_one(Attendee, linked.actor.attendee_id).mail_language = language
    linked.hours(2)
    [mail] = linked.mails()
    data = rendering.render_email(SETTINGS, mail, {}).data
    body = message_from_bytes(data, policy=policy.default).get_body(("plain",)).get_content()
    assert "hunter2" not in body
    assert said in body and "calendar.example" in body
    assert f"/events/{linked.expo.event.key}/busy-times" in body


def test_who_has_left_the_event_gets_no_email(linked: Linked) -> None:
    with linked.database.write() as session:
        session.get_one(Attendee, linked.actor.attendee_id).withdrawn_at = NOW
    linked.hours(3)
    assert linked.mails() == []


def test_one_that_is_removed_meanwhile_is_no_failure(linked: Linked) -> None:
    with linked.database.write() as session:
        source = session.scalars(select(BusySource)).one()
        busy_times.remove_calendar(session, linked.actor, source.key)
        assert not calendar_failures.record_failure(session, source.id, now=NOW)


def test_organisers_see_whose_calendars_fail_and_nobody_else_does(linked: Linked) -> None:
    organiser = linked.expo.organiser_actor()
    with linked.database.read() as session:
        assert calendar_failures.list_failing_people(session, organiser) == ()
    linked.hours(1)
    with linked.database.read() as session:
        [found] = calendar_failures.list_failing_people(session, organiser)
        assert found.person.key == linked.expo.people[0][0].key and found.read_at == NOW
        with pytest.raises(NotAllowed):
            calendar_failures.list_failing_people(session, linked.actor)
        with linked.database.write() as other:
            elsewhere = make_event(other)
        assert calendar_failures.list_failing_people(session, elsewhere.organiser_actor()) == ()


def test_pages_say_it_until_it_is_mended(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    clocks.hold(monkeypatch, NOW)
    app = web_app(linked.database, "redis://127.0.0.1:1")
    with linked.database.read() as session:
        account = session.get_one(Account, linked.expo.people[0][0].account_id)
        organiser = session.get_one(Account, linked.expo.organiser.id)
    owner, desk = Browser(app, account), Browser(app, organiser)
    base = f"/events/{linked.expo.event.key}"
    pages = ("/agenda", "/firms", "/week")
    assert not [page for page in pages if "has not synced" in owner.get(base + page)]
    assert "not syncing" not in desk.get(f"{base}/calendar-status/")
    linked.hours(1)
    shown = [owner.get(base + page) for page in pages]
    assert all("Your calendar calendar.example has not synced since" in page for page in shown)
    board = desk.get(f"{base}/calendar-status/")
    assert "1 connected calendar is not syncing" in board and "calendar.example" not in board
    person = desk.get(f"{base}/calendar-status/people/{linked.expo.people[0][0].key}")
    assert "A connected calendar of this person has not synced since" in person
    assert "took too long" in owner.get(f"{base}/busy-times")
    linked.hours(1, fails="")
    assert not [page for page in pages if "has not synced" in owner.get(base + page)]
    assert "not syncing" not in desk.get(f"{base}/calendar-status/")
