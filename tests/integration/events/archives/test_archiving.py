"""Archiving, restoring and deleting events; deletion requires the event's name."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.domain.team import TeamRole
from scheduler.services.audit_log import verification
from scheduler.services.events import events
from scheduler.services.events.archives import archiving, deletion, event_tables
from scheduler.services.identity.actors import Actor, actor_for, list_events
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.planning.runs import runs
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, Event
from tests.support import clocks
from tests.support.everything import Everything
from tests.support.factories import NOW, make_account, make_event, make_member
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def everything(database: Database, monkeypatch: pytest.MonkeyPatch) -> Everything:
    clocks.hold(monkeypatch, NOW)
    return Everything(database, web_app(database, NOWHERE))


def quiet(everything: Everything) -> Actor:
    """Return the owner of the event after ending all its runs and jobs."""
    with everything.database.write() as session:
        for table in ("run", "version_job"):
            found = Base.metadata.tables[table]
            state = "cancelled" if table == "run" else "done"
            session.execute(
                found.update().where(found.c.state.in_(["queued", "running", "asked"])).values(state=state)
            )
        return actor_for(session, everything.expo.organiser.id, everything.expo.event.key, now=NOW)


def finish(database: Database) -> None:
    """Delete all rows of deleted events, as a worker does."""
    assert not deletion.delete_rows(database, should_stop=lambda: False)


def left(database: Database, event_id: int) -> dict[str, int]:
    """Return the number of the event's rows by table."""
    with database.read() as session:
        counts = {
            table.name: session.execute(
                select(func.count()).select_from(table).where(event_tables.belongs_to_event(table, event_id))
            ).scalar_one()
            for table in event_tables.list_tables()
        }
    return {name: count for name, count in counts.items() if count}


def test_all_rows_go_and_the_other_event_and_the_trail_stay(everything: Everything) -> None:
    database, event = everything.database, everything.expo.event
    owner = quiet(everything)
    assert len(left(database, event.id)) > 30
    with database.write() as session, pytest.raises(InvalidInput, match="enter the event name"):
        archiving.delete_event(session, owner, typed="another name", now=NOW)
    with database.write() as session:
        assert archiving.delete_event(session, owner, typed=f" {event.name} ", now=NOW) == event.name
    finish(database)
    assert left(database, event.id) == {}
    with database.read() as session:
        assert [each.key for each in session.scalars(select(Event))] == [everything.other]
        people = session.scalars(select(Account.email)).all()
        assert everything.expo.people[0][0].email not in people
        assert {"operator@site.example", everything.expo.organiser.email} <= set(people)
        notes = select(AuditLogEntry.about).where(AuditLogEntry.chain == 0)
        assert f"event {event.key} deleted" in session.scalars(notes).all()
        assert (
            session.scalars(select(AuditLogEntry).where(AuditLogEntry.chain == event.id)).first() is not None
        )
        assert all(not chain.broken for chain in verification.verify_chains(session))
    with database.write() as session:
        assert make_event(session).event.id > event.id, "its trail is never another event's"


def test_an_operator_deletes_an_event_and_nobody_else_one_that_is_not_theirs(everything: Everything) -> None:
    database, event = everything.database, everything.expo.event
    quiet(everything)
    with database.write() as session:
        somebody = make_account(session)
        reader = make_member(session, everything.expo, TeamRole.ORGANISER)
        organiser = actor_for(session, reader.id, event.key, now=NOW)

    def signed_in(account: Account, *, is_operator: bool) -> SignedIn:
        return SignedIn(1, account.id, account.email, "", is_operator, NOW, NOW, NOW)

    with database.write() as session, pytest.raises(NotAllowed):
        archiving.delete_event(session, organiser, typed=event.name, now=NOW)
    for claims in (False, True):
        asker = signed_in(somebody, is_operator=claims)
        with database.write() as session, pytest.raises(NotAllowed):
            archiving.delete_event_as_operator(session, asker, event.key, typed=event.name, now=NOW)
    asker = signed_in(everything.operator, is_operator=True)
    with database.write() as session, pytest.raises(NotFound):
        archiving.delete_event_as_operator(session, asker, "none", typed=event.name, now=NOW)
    with database.write() as session:
        archiving.delete_event_as_operator(session, asker, event.key, typed=event.name, now=NOW)
        assert [each.key for each in archiving.list_all_events(session, asker)] == [everything.other]


def test_what_is_at_work_ends_first(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        runs.queue_run(session, expo.event.id, requested_by=None, now=NOW)
    for step in (
        lambda session: archiving.archive_event(session, expo.organiser_actor(), now=NOW),
        lambda session: archiving.delete_event(
            session, expo.organiser_actor(), typed=expo.event.name, now=NOW
        ),
    ):
        with database.write() as session, pytest.raises(WrongState):
            step(session)


def test_an_archived_event_is_read_and_not_changed_until_it_is_back(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        archiving.archive_event(session, expo.organiser_actor(), now=NOW)
    with database.read() as session:
        owner = actor_for(session, expo.organiser.id, expo.event.key, now=NOW)
        exhibitor = actor_for(session, expo.people[0][0].account_id, expo.event.key, now=NOW)
        assert [each.is_archived for each in list_events(session, expo.organiser.id, now=NOW)] == [True]
    assert owner.may(Right.READ_REQUESTS) and owner.may(Right.MANAGE_EVENT)
    for right in (
        Right.MANAGE_RUNS,
        Right.IMPORT,
        Right.PUBLISH,
        Right.CHANGE_SETTINGS,
        Right.REQUEST_MEETINGS,
        Right.MANAGE_TEAM,
    ):
        with pytest.raises(NotAllowed, match="archived"):
            owner.require(right)
    assert not exhibitor.may(Right.REQUEST_MEETINGS, firm_id=exhibitor.firm_id)
    assert exhibitor.may(Right.READ_AGENDAS, attendee_id=exhibitor.attendee_id)
    with database.write() as session:
        archiving.restore_event(session, owner, now=NOW)
        again = actor_for(session, expo.organiser.id, expo.event.key, now=NOW)
        assert session.get_one(Event, expo.event.id).archived_at is None
        assert events.get_settings(session, again).name == expo.event.name


def test_an_archived_event_offers_nobody_what_cannot_be_done(database: Database, broker_url: str) -> None:
    """Exhibitors see their agreed meetings instead of the dashboard."""
    with database.write() as session:
        expo = make_event(session)
        exhibitor = session.get_one(Account, expo.people[0][0].account_id)
        archiving.archive_event(session, expo.organiser_actor(), now=NOW)
    browser, base = Browser(web_app(database, broker_url), exhibitor), f"/events/{expo.event.key}"
    menu = re.findall(rf'<a[^>]* href="({base}[^"#?]*)"', browser.get(f"{base}/agenda"))
    assert len(set(menu)) > 6
    refused = {
        page for page in set(menu) if browser.client.get(page, follow_redirects=True).status_code != 200
    }
    assert refused == set()
    for page in ("", "/dashboard"):
        answer = browser.client.get(f"/events/{expo.event.key}{page}", follow_redirects=True)
        assert (answer.status_code, answer.request.path) == (200, f"/events/{expo.event.key}/agenda")
        assert "This event is archived" in answer.text
    home = Browser(web_app(database, broker_url), expo.organiser).get(f"/events/{expo.event.key}")
    assert "Run now" not in home


def test_the_pages_archive_bring_back_and_delete(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
    browser = Browser(web_app(database, broker_url), expo.organiser)
    base = f"/events/{expo.event.key}"
    browser.get(f"{base}/archive")
    assert "This event is archived" in browser.post(f"{base}/archive")
    assert "This event is archived" in browser.get("/")
    with database.write() as session:
        make_member(session, make_event(session, name="Another"), TeamRole.OWNER, account=expo.organiser)
    assert "Archived events" in browser.get("/")
    browser.get(f"{base}/schedule")
    browser.post(f"{base}/runs", status=403, seconds="5")
    assert "Event restored." in browser.post(f"{base}/restore")
    assert "Enter the event name:" in browser.post(f"{base}/delete", status=422, typed="x")
    assert f"{expo.event.name} deleted." in browser.post(f"{base}/delete", typed=expo.event.name)
    assert expo.event.name not in browser.get("/")
    finish(database)
    with database.read() as session:
        assert [each.name for each in session.scalars(select(Event))] == ["Another"]
