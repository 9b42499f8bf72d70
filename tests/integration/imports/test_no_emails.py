"""Imports, copies, undo and scenarios send no email, whatever the scheduler runs."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from unittest.mock import MagicMock

import pytest
from sqlalchemy import select, update

from scheduler.domain.entities import AfterRun, OutboxKind, OutboxState, RequestState, RunState
from scheduler.services.events.archives import event_copy
from scheduler.services.events.archives.event_copy import EventCopy
from scheduler.services.identity import sessions
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.imports import choices, import_files, sheet_import, undoable_import
from scheduler.services.participants import journal, merging, withdrawals
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.services.planning.scenarios import scenarios
from scheduler.services.requests import requests
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    Event,
    MeetingRequest,
    OutboxEmail,
    Run,
    RunSchedule,
)
from tests.integration.events import test_create_from_workbook
from tests.integration.imports.test_import_options import undo
from tests.support import clocks
from tests.support.factories import NOW, Expo, make_event, make_night, make_request
from tests.support.published import Published
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app
from workers.clock import Clock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PENDING, ACCEPTED = RequestState.PENDING, RequestState.ACCEPTED


def days_of_ticks(database: Database, *, begin: int = 0, days: int = 2) -> Counter[tuple[OutboxKind, str]]:
    """Run the scheduler for some days after NOW. Return every email by kind and address.

    It ticks each third hour: what is due in between is done at the next tick.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.clock.dispatch", MagicMock())
        clock = Clock(database, SETTINGS)
        for hour in range(24 * begin, 24 * (begin + days) + 1, 3):
            clocks.hold(patch, NOW + hour * HOUR)
            clock.tick()
            with (
                database.write() as session
            ):  # a worker ends the overnight runs, and a sender takes the emails, so there are no alerts
                session.execute(update(Run).values(state=RunState.CANCELLED))
                session.execute(update(OutboxEmail).values(state=OutboxState.SENT, attempts=1))
    with database.read() as session:
        return Counter(map(tuple, session.execute(select(OutboxEmail.kind, OutboxEmail.to_address)).all()))


def requests_file(*rows: tuple[str, str, str, str]) -> bytes:
    return write_xlsx(
        [OutputSheet("Requests", ["from_firm", "to_firm", "priority", "state"], list(map(list, rows)))]
    )


def take(
    database: Database, expo: Expo, octets: bytes, *, notify: bool = False, withdraw: tuple[str, ...] = ()
) -> tuple[int, sheet_import.ImportPreview]:
    """Import a file as its page does. Return its number and preview."""
    actor = expo.organiser_actor()
    parts = sheet_import.read_parts(octets, "")
    with database.write() as session:
        number = import_files.store_file(session, actor, octets, name="expo.xlsx", kind="", now=NOW)
        choices.save_choices(session, actor, number, choices.ImportChoices(withdraw=withdraw))
        options = choices.load_options(session, actor, number)
    with database.write() as session:
        look = undoable_import.apply_import(
            session, actor, parts, settings=SETTINGS, now=NOW, options=options
        )
        session.rollback()
    with database.write() as session:
        choices.save_notify(session, actor, number, wanted=notify)
        options = choices.load_options(session, actor, number)
        undoable_import.import_file(
            session, actor, number, parts, digest=look.digest, settings=SETTINGS, now=NOW, options=options
        )
    return number, look


@pytest.fixture
def invited(database: Database) -> Expo:
    """Five firms, all but the last invited, with digests on; firm 3's address bounces."""
    with database.write() as session:
        expo = make_event(session, firms=5, digest_mails=True, digests_since=NOW - DAY)
        session.get_one(Attendee, expo.people[4][0].id).invited_at = None
        session.get_one(Attendee, expo.people[3][0].id).bounced_at = NOW
    return expo


ROWS = (("f0", "f1", "5", ""), ("f1", "f2", "3", ""), ("f0", "f3", "5", ""), ("f0", "f4", "5", ""),
        ("f2", "f3", "3", "accepted"), ("f1", "f4", "3", "declined"))  # fmt: skip
CONCERNED = {"f1-p0", "f2-p0"}


def first_event(database: Database) -> tuple[int, int]:
    """Create an event from a workbook with a pending must-have. Return the numbers of event and file."""

    def must(rows: list[list[str]]) -> None:
        for row in rows[1:]:
            row[rows[0].index("priority")], row[rows[0].index("state")] = "5", ""

    octets = test_create_from_workbook.changed("Requests", must)
    who = test_create_from_workbook.asker(database)
    number = test_create_from_workbook.keep(database, who, octets)
    look = test_create_from_workbook.look(database, who, number, octets)
    test_create_from_workbook.make(database, who, number, look.look.digest, octets)
    with database.read() as session:
        event = session.scalars(select(Event)).one()
        assert {*session.scalars(select(MeetingRequest.state))} == {PENDING}
        return event.id, number


def test_an_event_of_a_workbook_sends_nothing_until_its_people_are_invited(database: Database) -> None:
    event_id, _ = first_event(database)
    assert days_of_ticks(database) == {}
    with database.write() as session:
        owner = session.scalars(select(Account)).first()
        assert owner is not None
        event = session.get_one(Event, event_id)
        actor = Actor(account_id=owner.id, event_id=event_id, event_key=event.key, team_role=Role.OWNER)
        assert invitation_emails.send_invitations(session, actor, Invitees.NEW, now=NOW + 2 * DAY) > 0
        first = session.scalars(select(MeetingRequest).order_by(MeetingRequest.id)).first()
        assert first is not None and first.quiet_until is not None
        answerer = session.scalars(
            select(Attendee).where(Attendee.firm_id == first.to_firm_id, Attendee.is_exhibitor)
        ).first()
        assert answerer is not None
        by = Actor(
            account_id=answerer.account_id,
            event_id=event_id,
            event_key=event.key,
            attendee_id=answerer.id,
            firm_id=answerer.firm_id,
            is_exhibitor=True,
        )
        requests.accept_request(session, by, first.key, now=NOW + 2 * DAY)
    kinds = Counter(kind for kind, _ in days_of_ticks(database, begin=2, days=1).elements())
    assert kinds[OutboxKind.DIGEST] == 1, "the answer of an invited firm is told, and nothing of the file"


def test_the_first_import_is_undone_days_later(database: Database) -> None:
    event_id, number = first_event(database)
    days_of_ticks(database)
    with database.write() as session:
        owner = session.scalars(select(Account)).first()
        assert owner is not None
        event = session.get_one(Event, event_id)
        actor = Actor(account_id=owner.id, event_id=event_id, event_key=event.key, team_role=Role.OWNER)
        (file,) = import_files.list_files(session, actor)
        assert (file.id, file.registry_change_id is not None) == (number, True)
        journal.undo_step(session, actor, file.registry_change_id or 0, settings=SETTINGS, now=NOW + 2 * DAY)
    with database.read() as session:
        assert session.scalars(select(MeetingRequest)).all() == session.scalars(select(Attendee)).all() == []
    assert days_of_ticks(database, begin=2) == {}


@pytest.mark.parametrize("notify", [False, True], ids=["off", "on"])
def test_a_file_tells_the_invited_only_where_it_is_chosen(
    database: Database, invited: Expo, notify: bool
) -> None:
    _, look = take(database, invited, requests_file(*ROWS), notify=notify)
    assert (look.notified, look.readdressed) == (len(CONCERNED), 0)
    found = days_of_ticks(database)
    people = {address.partition("@")[0] for _, address in found}
    assert people == (CONCERNED if notify else set())


def test_nothing_of_a_file_is_told_later_and_all_that_people_do_is(database: Database, invited: Expo) -> None:
    take(database, invited, requests_file(*ROWS))
    with database.write() as session:
        key = session.scalars(
            select(MeetingRequest.key).where(MeetingRequest.to_firm_id == invited.firms[1].id)
        ).one()
        requests.accept_request(session, invited.actor(1), key, now=NOW + HOUR)
        make_request(session, invited, 0, 2, state=PENDING, created_at=NOW + HOUR)
        session.execute(update(Attendee).values(invited_at=NOW))
    found = days_of_ticks(database)
    assert {address.partition("@")[0] for _, address in found} == {"f0-p0", "f2-p0"}


def test_requests_that_a_file_takes_away_are_told_to_nobody(database: Database, invited: Expo) -> None:
    with database.write() as session:
        make_request(session, invited, 0, 1, state=PENDING, created_at=NOW - 10 * DAY)
        make_request(
            session, invited, 1, 2, state=ACCEPTED, created_at=NOW - 10 * DAY, responded_at=NOW - 8 * DAY
        )
    gone = requests_file(("f0", "f2", "3", "declined"))
    number, look = take(database, invited, gone, withdraw=("requests",))
    assert (look.withdrawn, look.notified) == (2, 2)
    with database.read() as session:
        assert PENDING not in set(session.scalars(select(MeetingRequest.state)))
    found = days_of_ticks(database)
    assert {kind for kind, _ in found} <= {OutboxKind.DIGEST} and found == {}
    undo(database, invited, number)
    with database.write() as session:
        session.execute(update(MeetingRequest).values(expires_at=NOW + 9 * DAY))
        session.execute(update(Event).values(digests_since=NOW - DAY))
    assert days_of_ticks(database, begin=2) == {}


def test_firms_that_a_file_takes_away_are_told_to_nobody(database: Database, invited: Expo) -> None:
    with database.write() as session:
        make_request(session, invited, 0, 1, state=PENDING, created_at=NOW - 10 * DAY)
    firms = write_xlsx(
        [OutputSheet("Firms", ["key", "name", "country", "tier"], [["f0", "Firm 0", "CN", "upstream"]])]
    )
    _, look = take(database, invited, firms, withdraw=("firms",))
    assert look.withdrawn == 4 and look.notified == 1
    assert days_of_ticks(database) == {}


@pytest.mark.parametrize("notify", [False, True], ids=["off", "on"])
def test_a_new_address_gets_the_meetings_where_it_is_chosen(database: Database, notify: bool) -> None:
    fair = Published(database)
    person = fair.expo.people[1][0]
    people = write_xlsx([OutputSheet("People", ["key", "firm", "name", "email", "languages"],
                            [[person.key, "f1", person.name, "new@example.org", "en"]])])  # fmt: skip
    before = days_of_ticks(database)
    number, look = take(database, fair.expo, people, notify=notify)
    assert (look.notified, look.readdressed) == (0, 1)
    new = days_of_ticks(database, begin=2) - before
    assert look.address_notices == 2
    assert {address for _, address in new} == {"new@example.org", person.email}
    assert ({kind for kind, _ in new} == {OutboxKind.DESK}) is not notify, (
        "the notice to both goes at any rate"
    )
    undo(database, fair.expo, number)
    after = days_of_ticks(database, begin=4) - before - new
    assert ({kind for kind, _ in after} == {OutboxKind.DESK}) is not notify
    with database.read() as session:
        assert session.get_one(Attendee, person.id).email == person.email


def test_the_page_says_how_many_hear_of_changed_addresses(database: Database, invited: Expo) -> None:
    rows = [[f"f{at}-p0", f"f{at}", "Li", f"new{at}@example.org", "en"] for at in (0, 4)]
    people = write_xlsx([OutputSheet("People", ["key", "firm", "name", "email", "languages"], rows)])
    with database.write() as session:
        actor = invited.organiser_actor()
        number = import_files.store_file(session, actor, people, name="expo.xlsx", kind="", now=NOW)
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), invited.organiser)
    page = browser.get(f"/events/{invited.event.key}/imports/{number}")
    assert "2 emails about changed email addresses are sent, to old and new addresses." in page
    assert "No other emails are sent." in page and "No one is notified" not in page


def test_a_copy_sends_nothing_and_invites_everybody_anew(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=3, digest_mails=True, digests_since=NOW - DAY)
        session.get_one(Account, expo.organiser.id).is_operator = True
        for firm in expo.people:
            sessions.begin_session(session, firm[0].account_id, settings=SETTINGS, now=NOW - DAY)
        make_night(session, expo, then=AfterRun.PUBLISH, next_at=NOW + 400 * DAY)
    form = EventCopy("next-year", "Next year", (NOW + 365 * DAY).date())
    key = event_copy.copy_event(database, expo.organiser_actor(), form, settings=SETTINGS, now=NOW)
    with database.read() as session:
        event_id = session.scalars(select(Event.id).where(Event.key == key)).one()
        assert {*session.scalars(select(RunSchedule.then).where(RunSchedule.event_id == event_id))} == {
            AfterRun.DRAFT
        }
        owner = Actor(account_id=expo.organiser.id, event_id=event_id, event_key=key, team_role=Role.OWNER)
        exhibitors, _ = invitation_emails.count_invitations(session, owner, now=NOW)
        assert (exhibitors.new, exhibitors.came) == (3, 0)
    copied = Expo(Event(id=event_id, key=key), expo.organiser, [], [])
    take(database, copied, requests_file(("f0", "f1", "5", ""), ("f1", "f2", "3", "")))
    assert days_of_ticks(database) == {}


def test_a_scenario_sends_nothing(database: Database, invited: Expo) -> None:
    with database.write() as session:
        actor = invited.organiser_actor()
        made = scenarios.create_scenario(session, actor, "Fewer tables", seconds=5, now=NOW)
        scenarios.solve_scenario(session, actor, made.number, now=NOW)
    assert days_of_ticks(database) == {}


def test_who_leaves_is_told_once_by_the_publishing(database: Database) -> None:
    fair = Published(database)
    with database.write() as session:
        session.execute(update(Event).values(digest_mails=True, digests_since=NOW - DAY))
        session.execute(update(Attendee).values(invited_at=NOW - DAY))
        make_request(session, fair.expo, 2, 0, state=PENDING, created_at=NOW - 5 * DAY)
    before = days_of_ticks(database, days=0)
    with database.write() as session:
        withdrawals.withdraw_records(session, fair.expo.organiser_actor(), ImportKind.FIRMS, ["f0"], now=NOW)
    new = days_of_ticks(database, begin=1) - before
    assert {address.partition("@")[0] for _, address in new} == {"f2-p0"}, "the one without a meeting"


def test_a_merge_is_told_to_nobody(database: Database, invited: Expo) -> None:
    with database.write() as session:
        make_request(session, invited, 0, 2, state=PENDING, created_at=NOW - 5 * DAY)
        make_request(
            session, invited, 1, 2, state=ACCEPTED, created_at=NOW - 5 * DAY, responded_at=NOW - 3 * DAY
        )
        session.execute(update(Event).values(digests_since=NOW - 4 * DAY))
    before = days_of_ticks(database, days=0)
    with database.write() as session:
        actor = invited.organiser_actor()
        assert merging.merge_records(session, actor, ImportKind.FIRMS, "f0", "f1", now=NOW) == 1
    assert days_of_ticks(database, begin=1) - before == {}


def test_the_page_says_whom_it_concerns_and_its_box_is_off(database: Database, invited: Expo) -> None:
    actor = invited.organiser_actor()
    with database.write() as session:
        number = import_files.store_file(
            session, actor, requests_file(*ROWS), name="expo.xlsx", kind="", now=NOW
        )
    browser = Browser(web_app(database, "redis://127.0.0.1:1"), invited.organiser)
    path = f"/events/{invited.event.key}/imports/{number}"
    page = browser.get(path)
    assert "2 invited people have new requests or responses in this file." in page
    assert "No one is notified unless you select the email option." in page
    box = re.search(r'<input type="checkbox" id="notify"[^>]*>', page)
    assert box is not None and "checked" not in box[0]
    digest = re.search(r'name="digest" value="([^"]+)"', page)
    assert digest is not None
    browser.post(f"{path}/import", digest=digest[1], notify="yes")
    assert {address.partition("@")[0] for _, address in days_of_ticks(database)} == CONCERNED
