"""The restore drill: what was sent after a backup is corrected once an operator accepts the database."""

from __future__ import annotations

import email
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from icalendar import Calendar
from icalendar import Event as Entry
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from chainmeet import backups
from chainmeet.keys.key_changes import check_keys, faults
from scheduler.config import Settings
from scheduler.domain.errors import NotAllowed
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import tokens
from scheduler.services.operations import restored_copy, site_pause
from scheduler.services.publishing import restored_calendars
from scheduler.services.publishing.restored_calendars import RestoreReport
from scheduler.storage.database import Database
from scheduler.storage.models import (
    ApiToken,
    Attendee,
    Event,
    Firm,
    Installation,
    MeetingRequest,
    WebSession,
)
from tests.integration.delivery.test_sending import Sender, to
from tests.integration.team.test_operators import signed_in
from tests.support import servers
from tests.support.databases import APPLICATION, Databases, for_application, owning
from tests.support.factories import NOW, SECRET_KEY, Expo, make_account, make_event, make_request, meet
from tests.support.publishing import carry_out, draft
from tests.support.publishing import publish as publish_number
from tests.support.web import Browser, web_app
from tests.unit.invites.test_transport import Catcher, serving

pytestmark = pytest.mark.smtp

PEOPLE = 10

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass
class Calendars:
    """The calendars of all recipients, which apply each email as RFC 5546 says."""

    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    read: int = 0

    def receive(self, catcher: Catcher) -> int:
        """Apply the emails that arrived since, and return their number."""
        new = catcher.taken[self.read :]
        self.read += len(new)
        for _, (recipient, *_), raw in new:
            for part in email.message_from_bytes(raw).walk():
                if part.get_content_type() == "text/calendar":
                    self.apply(recipient, Calendar.from_ical(part.get_payload(decode=True)))
        return len(new)

    def apply(self, recipient: str, calendar: Calendar) -> None:
        """Keep the event with the highest SEQUENCE, then the latest DTSTAMP (RFC 5546 2.1.5)."""
        for event in calendar.walk("VEVENT"):
            event["X-METHOD"] = str(calendar["METHOD"])
            key = recipient, str(event["UID"])
            known = self.entries.get(key)
            if known is None or revision(known) < revision(event):
                assert known is None or known["ORGANIZER"] == event["ORGANIZER"]
                self.entries[key] = event

    def meetings(self) -> set[tuple[str, datetime]]:
        """Return who has a meeting when."""
        shown = [key for key, event in self.entries.items() if event["X-METHOD"] == "REQUEST"]
        found = [(recipient, self.entries[recipient, uid].decoded("DTSTART")) for recipient, uid in shown]
        assert len(found) == len(set(found)), "a meeting is twice in a calendar"
        return set(found)


def revision(event: Entry) -> tuple[int, datetime]:
    return int(event["SEQUENCE"]), event["DTSTAMP"].dt


@dataclass
class Drill:
    """An installation that is backed up, lost and restored."""

    database: Database
    folder: Path
    catcher: Catcher = field(default_factory=Catcher)
    calendars: Calendars = field(default_factory=Calendars)
    published: int = 0
    minutes: int = 0

    def __post_init__(self) -> None:
        with self.database.write() as session:
            self.boss = make_account(session, "boss@site.example", is_operator=True)
            self.expo = make_event(session, firms=PEOPLE, slots="12", mail_per_minute=60_000)
            self.requests = [make_request(session, self.expo, i, i + 1) for i in range(0, PEOPLE, 2)]
            add_token(session, self.expo)
            self.expo.firms[0].feed_seed, self.expo.firms[0].feed_hash = tokens.new_feed(SECRET_KEY)
            self.expo.firms[0].feed_address = self.expo.people[1][0].feed_address = b"of an ended key"
            self.feeds = self.expo.firms[0].feed_hash, self.expo.people[1][0].feed_hash
        self.guard()

    @property
    def settings(self) -> Settings:
        return replace(to(self.catcher), journal=str(self.folder))

    def publish(self, slots: dict[int, int], *, more: int | None = None) -> None:
        """Publish a version in which these requests, by number, have these slots, and send the emails."""
        self.minutes += 10
        with self.database.write() as session:
            requests = [session.get_one(MeetingRequest, row.id) for row in self.requests]
            if more is not None:
                requests.append(make_request(session, self.expo, 1, 4))
                slots = slots | {len(requests) - 1: more}
            planned = [meet(requests[number], self.expo, slot=slot) for number, slot in slots.items()]
            number = draft(session, self.expo, planned)
            publish_number(session, self.expo, number, self.published or None, minutes=self.minutes)
        self.published = number
        self.deliver()

    def deliver(self) -> int:
        """Send what is due, and return the number of emails that arrived."""
        self.minutes += 1
        self.guard()
        Sender(self.database, self.settings).deliver(self.minutes)
        restored_copy.record_live_secrets(self.database, self.settings)
        return self.calendars.receive(self.catcher)

    def guard(self) -> bool:
        return restored_copy.pause_if_copied(self.database, self.settings, now=self.now)

    @property
    def now(self) -> datetime:
        return NOW + timedelta(minutes=self.minutes)

    def report(self) -> RestoreReport:
        with self.database.write() as session:
            return restored_calendars.report_restore(
                session, signed_in(self.boss), self.settings, now=self.now, limit=100
            )

    def accept(self) -> None:
        with self.database.write() as session:
            restored_calendars.accept_copy(session, signed_in(self.boss), self.settings, now=self.now)
            site_pause.resume_site(session, signed_in(self.boss), now=self.now)
        carry_out(self.database, settings=self.settings)

    def planned(self, slots: dict[int, int]) -> set[tuple[str, datetime]]:
        """Return who should have a meeting when."""
        starts = [slot.start for slot in self.expo.slots]
        return {
            (self.expo.people[firm][0].email, starts[slot])
            for number, slot in slots.items()
            for firm in (2 * number, 2 * number + 1)
        }


def add_token(session: Session, expo: Expo) -> None:
    session.add(
        ApiToken(
            event_id=expo.event.id,
            name="t",
            token_hash="t" * 64,
            scopes="",
            created_by=expo.organiser.id,
            created_at=NOW,
            expires_at=NOW + timedelta(days=1),
            as_organiser=True,
            as_exhibitor=False,
        )
    )


@pytest.fixture
def drill(database: Database, tmp_path: Path) -> Iterator[Drill]:
    catcher = Catcher()
    with serving(catcher):
        yield Drill(database, tmp_path / "journal", catcher)


@pytest.fixture
def restored(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Database]]:
    """Return a function that restores the backup, which its first call makes, into another database."""
    file = tmp_path / "backup.zip"
    if not database.is_sqlite:  # pg_dump refuses a server that is newer than itself
        monkeypatch.setenv("PATH", str(servers.postgres_binaries()), prepend=os.pathsep)
    made: list[Database] = []

    def restore() -> Database:
        if not file.exists():
            with owning(database) as owner:
                backups.back_up(owner, file)
            return database
        if database.is_sqlite:
            url = application = f"sqlite:///{tmp_path / 'new.db'}"
            role = ""
        else:
            databases: Databases = request.getfixturevalue("postgres_databases")
            url, role = databases.create(f"drill_{uuid4().hex}", "template0"), APPLICATION
            application = for_application(url)
        with closing_database(url) as empty:
            backups.restore(empty, file, application=role)
        made.append(Database(application))
        return made[-1]

    yield restore
    for each in made:
        each.dispose()


@contextmanager
def closing_database(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.dispose()


def lose_and_restore(drill: Drill, restored: Callable[[], Database]) -> None:
    """Publish, back up, publish twice more, end secrets, lose the database, and restore it elsewhere."""
    drill.publish({0: 0, 1: 1, 2: 2, 3: 3, 4: 4})
    assert drill.calendars.meetings() == drill.planned({0: 0, 1: 1, 2: 2, 3: 3, 4: 4})
    with drill.database.write() as session:
        add_web_session(session, drill)
    restored()
    backed_up = drill.published
    drill.publish({0: 5, 1: 1, 2: 2, 3: 3, 4: 4})
    drill.publish({0: 6, 1: 7, 2: 2, 4: 4}, more=8)
    with drill.database.write() as session:
        session.execute(update(ApiToken).values(revoked_at=drill.now))
        session.execute(update(Firm).values(feed_seed=None, feed_hash=None))
        session.get_one(Attendee, drill.expo.people[1][0].id).feed_hash = "n" * 64
        session.execute(delete(WebSession))
    drill.deliver()
    drill.database, drill.published = restored(), backed_up


def add_web_session(session: Session, drill: Drill) -> None:
    session.add(
        WebSession(
            id_hash="w" * 64,
            account_id=drill.boss.id,
            created_at=NOW,
            last_seen_at=NOW,
            expires_at=NOW + timedelta(days=1),
            agent="",
            errand={},
        )
    )


@pytest.mark.own_schema
def test_after_a_restore_ten_calendars_end_right(drill: Drill, restored: Callable[[], Database]) -> None:
    lose_and_restore(drill, restored)
    before = drill.calendars.meetings()
    assert len(before) == 10
    assert (drill.deliver(), drill.guard()) == (0, False)
    drill.report()
    assert (drill.deliver(), drill.calendars.meetings()) == (0, before)

    drill.accept()
    assert drill.deliver() > 0
    assert drill.calendars.meetings() == drill.planned({0: 0, 1: 1, 2: 2, 3: 3, 4: 4})
    assert drill.guard()
    sent = len(drill.catcher.taken)
    drill.publish({0: 0, 1: 1, 2: 2, 3: 3, 4: 4})
    assert len(drill.catcher.taken) == sent, "the calendars were right already"
    drill.publish({0: 9, 1: 1, 2: 2, 3: 3, 4: 4})
    assert drill.calendars.meetings() == drill.planned({0: 9, 1: 1, 2: 2, 3: 3, 4: 4})


@pytest.mark.own_schema
def test_revoked_stays_revoked_before_the_copy_is_accepted(
    drill: Drill, restored: Callable[[], Database]
) -> None:
    lose_and_restore(drill, restored)
    for step in (drill.guard, drill.accept):
        step()
        with drill.database.read() as session:
            token = session.scalars(select(ApiToken)).one()
            firm = session.get_one(Firm, drill.expo.firms[0].id)
            person = session.get_one(Attendee, drill.expo.people[1][0].id)
            other = session.get_one(Attendee, drill.expo.people[0][0].id)
            assert token.revoked_at is not None and firm.feed_hash is None
            assert person.feed_hash not in (*drill.feeds, "n" * 64)
            assert firm.feed_address is None and person.feed_address is None
            assert other.feed_hash == drill.expo.people[0][0].feed_hash
            assert session.scalars(select(WebSession)).all() == []


@sqlite_only
def test_the_report_names_each_person_and_email_and_changes_nothing(
    drill: Drill, restored: Callable[[], Database]
) -> None:
    lose_and_restore(drill, restored)
    drill.guard()
    report = drill.report()
    assert report == drill.report()
    assert (report.has_journal, report.newer, report.unreadable, report.people.total) == (True, 8, 0, 7)
    kinds = {kind.value: count for kind, count in report.emails.items()}
    assert kinds == {"update": 4, "new": 2, "cancel": 2}
    moved = next(each for each in report.people.items if each.email == drill.expo.people[0][0].email)
    (entry,) = moved.entries
    assert entry.shown is not None and entry.planned is not None
    assert (entry.shown.start, entry.planned.start) == (drill.expo.slots[6].start, drill.expo.slots[0].start)
    assert (entry.sequence, entry.known_sequence, moved.event) == (2, 0, drill.expo.event.name)
    with pytest.raises(NotAllowed), drill.database.write() as session:
        restored_calendars.report_restore(
            session, replace(signed_in(drill.boss), is_operator=False), drill.settings, now=drill.now
        )


@sqlite_only
def test_the_page_shows_calendars_and_database_side_by_side(
    drill: Drill, restored: Callable[[], Database]
) -> None:
    lose_and_restore(drill, restored)
    drill.guard()
    page = Browser(web_app(drill.database, "redis://127.0.0.1:1", journal=str(drill.folder)), drill.boss)
    assert 'href="/operators/restored"' in page.get("/operators")
    shown = page.get("/operators/restored")
    assert shown.count('data-test="entry"') == 8
    for kind in ("update", "new", "cancel"):
        assert f'data-test="email-{kind}"' in shown
    assert drill.expo.people[0][0].email in shown
    assert "Site resumed." in page.post("/operators/resume", accept="1")


@sqlite_only
def test_another_secret_key_is_reported_and_nothing_is_sent_blindly(
    drill: Drill, restored: Callable[[], Database]
) -> None:
    lose_and_restore(drill, restored)
    drill.guard()
    other = replace(drill.settings, secret_key=SecretKeys("another key of at least 32 characters"))
    with drill.database.write() as session:
        report = restored_calendars.report_restore(session, signed_in(drill.boss), other, now=drill.now)
    assert (report.unreadable, report.newer, report.people.total) == (8, 0, 0)


@sqlite_only
def test_what_the_journal_adds_after_a_rotation_names_the_newest_key(
    drill: Drill, restored: Callable[[], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_and_restore(drill, restored)
    drill.guard()
    keys = SecretKeys(f"1:{SECRET_KEY.key()}\n2:{'x' * 40}")
    with monkeypatch.context() as patch:
        patch.setattr(Drill, "settings", replace(drill.settings, secret_key=keys))
        drill.accept()
        uses = {use.kind: use for use in check_keys(drill.database, drill.settings)}
    assert set(uses["calendar invitations"].counts) == {1, 2}
    assert list(faults(list(uses.values()), keys)) == []


@sqlite_only
def test_the_journal_of_another_installation_corrects_nothing(
    drill: Drill, restored: Callable[[], Database]
) -> None:
    lose_and_restore(drill, restored)
    with drill.database.write() as session:
        session.execute(update(Installation).values(key="another"))
    drill.guard()
    assert not drill.report().has_journal
    with drill.database.read() as session:
        assert session.scalars(select(ApiToken)).one().revoked_at is None


@sqlite_only
@pytest.mark.parametrize("is_live", [True, False])
def test_what_a_backup_from_before_the_first_publication_does_not_have_is_cancelled(
    drill: Drill, restored: Callable[[], Database], is_live: bool
) -> None:
    restored()
    drill.publish({0: 0, 1: 1})
    assert len(drill.calendars.meetings()) == 4
    drill.database, drill.published = restored(), 0
    if not is_live:
        with drill.database.write() as session:
            session.execute(update(Event).values(live_at=None))
    drill.guard()
    assert {kind.value: count for kind, count in drill.report().emails.items()} == {"cancel": 4}
    drill.accept()
    assert (drill.deliver(), drill.calendars.meetings()) == (4, set())
    with drill.database.write() as session:
        session.execute(update(Event).values(live_at=NOW))
    drill.publish({0: 2, 1: 1})
    assert drill.calendars.meetings() == drill.planned({0: 2, 1: 1})
