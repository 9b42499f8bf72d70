"""A deleted event disappears at once, and its rows are deleted in batches."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from scheduler.domain.errors import NotFound
from scheduler.domain.solving import ScenarioState
from scheduler.services.availability import refetch
from scheduler.services.delivery import claims
from scheduler.services.emails.inbound import inbound_addresses
from scheduler.services.events.archives import archiving, batches, deletion
from scheduler.services.identity.actors import actor_for, list_events
from scheduler.services.outbox import outbox
from scheduler.services.planning.runs import overnight
from scheduler.services.planning.scenarios import scenario_queue
from scheduler.services.requests.digests import digest_sending
from scheduler.services.schedule import feed_addresses, feed_states
from scheduler.storage.base import Base
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, Event, Firm, Hall, OutboxEmail, Scenario
from tests.integration.events.archives.test_archiving import finish, left, quiet
from tests.support import clocks, replies
from tests.support.api import actor_for_token, make_token
from tests.support.everything import NOWHERE, Everything
from tests.support.factories import NOW, SECRET_KEY, make_event
from tests.support.publishing import SETTINGS
from tests.support.queries import rows_written
from tests.support.web import Browser, web_app

PORTION = 7


@pytest.fixture
def everything(database: Database, monkeypatch: pytest.MonkeyPatch) -> Everything:
    clocks.hold(monkeypatch, NOW)
    monkeypatch.setattr(batches, "BATCH_SIZE", PORTION)
    monkeypatch.setattr(deletion, "BATCH_SIZE", 3 * PORTION)
    return Everything(database, web_app(database, NOWHERE))


def press(everything: Everything) -> None:
    """Delete the event."""
    owner = quiet(everything)
    with everything.database.write() as session:
        archiving.delete_event(session, owner, typed=everything.expo.event.name, now=NOW)


def test_each_transaction_deletes_few_rows(everything: Everything) -> None:
    database, event = everything.database, everything.expo.event
    letters = OutboxEmail.about_event_id == event.id
    with database.read() as session:
        waiting_letters = session.scalars(select(func.count()).where(letters)).one()
    owner = quiet(everything)
    with rows_written(database) as pressed, database.write() as session:
        archiving.delete_event(session, owner, typed=event.name, now=NOW)
    assert sum(pressed) <= 5 + waiting_letters, "the event, its letters, the trail"
    rows = sum(left(database, event.id).values())
    with rows_written(database) as portions:
        finish(database)
    of_account = 1 + PORTION * 6  # including an account's rows: links, their emails, sessions
    assert rows > 100 and max(portions) <= PORTION + of_account
    assert sum(1 for portion in portions if portion) > rows / (2 * PORTION)
    assert left(database, event.id) == {}


def test_from_the_press_on_it_is_there_for_nobody(everything: Everything) -> None:
    database, event = everything.database, everything.expo.event
    owner = Browser(everything.app, everything.expo.organiser)
    nobody = Browser(everything.app)
    person, firm = everything.expo.people[0][0], everything.expo.firms[0]
    links = [everything.known[name] for name in ("answer", "summaries", "digests", "print")]
    links += [
        f"{everything.known['asked']}/accept",
        everything.known["invitation"],
        everything.known["registration"],
    ]
    with database.write() as session:
        tokens = [
            feed_addresses.feed_token(feed_addresses.build_owner(session.get_one(kind, row.id)), SECRET_KEY)
            for kind, row in ((Attendee, person), (Firm, firm))
        ]
    reply = replies.address(everything.mails["invitation", everything.expo.people[1][0].email])
    with database.read() as session:
        assert inbound_addresses.parse_address(session, reply, SETTINGS) is not None
        found = feed_states.find_feed_state(session, tokens[0] or "", now=database.clock())
        assert found.owner.event_id == event.id
    bearer = make_token(database, everything.expo.organiser_actor())

    def opened() -> dict[str, int]:
        return {link: nobody.client.get(link, follow_redirects=True).status_code for link in links}

    assert set(opened().values()) == {200}, opened()
    press(everything)
    found = opened()
    assert set(found.values()) <= {404, 410}, found
    for path in ("", "/schedule", "/agenda", "/archive", "/registration"):
        for key in (event.key, f"deleted.{event.id}"):
            assert owner.client.get(f"/events/{key}{path}").status_code == 404
    assert event.name not in owner.get("/")
    with database.read() as session:
        assert inbound_addresses.parse_address(session, reply, SETTINGS) is None
        wrong = f"meetings+{'7' * 32}@{SETTINGS.mail_domain}"  # a row id out of range
        assert inbound_addresses.parse_address(session, wrong, SETTINGS) is None
        for token in tokens:
            with pytest.raises(NotFound):
                feed_states.find_feed_state(session, token or "", now=database.clock())
        with pytest.raises(NotFound):
            actor_for_token(session, bearer, now=NOW)
        with pytest.raises(NotFound):
            actor_for(session, person.account_id, f"deleted.{event.id}", now=NOW)
        assert list_events(session, person.account_id, now=NOW) == []
    with database.write() as session:
        assert make_event(session, key=event.key).event.id != event.id, "its key is free again"


def test_from_the_press_on_nothing_is_done_for_it(everything: Everything) -> None:
    database, event = everything.database, everything.expo.event
    with database.write() as session:
        of_event = outbox.event_of_mail() == event.id
        session.execute(update(OutboxEmail).where(of_event).values(state="queued", next_attempt_at=NOW))
        session.execute(update(Scenario).values(state=ScenarioState.QUEUED, requested_at=NOW))
        busy = Base.metadata.tables["busy_source"]
        session.execute(busy.update().values(is_saved=True, next_fetch_at=NOW))
    press(everything)
    with database.write() as session:
        assert not scenario_queue.is_scenario_waiting(session, now=NOW)
        assert not refetch.is_refetch_due(session, now=NOW)
        assert not overnight.queue_due_runs(session, now=NOW)
        made = session.scalars(select(func.count()).select_from(OutboxEmail)).one()
        digest_sending.queue_due_digests(session, SETTINGS, now=NOW)
        assert session.scalars(select(func.count()).select_from(OutboxEmail)).one() == made
        sent = claims.claim_emails(session, worker="w", limit=500, secret_key=SECRET_KEY, now=NOW)
        assert [row for row in sent if event.id in (row.event_id, row.about_event_id)] == []


def test_a_worker_goes_on_where_another_one_ended(everything: Everything) -> None:
    database, event = everything.database, everything.expo.event
    with database.read() as session:
        others = {row.id for row in session.scalars(select(Attendee)) if row.event_id != event.id}
        of_event = set(
            session.scalars(
                select(Account.email)
                .join(Attendee, Attendee.account_id == Account.id)
                .where(Attendee.event_id == event.id)
            )
        )
    press(everything)
    sizes = [sum(left(database, event.id).values())]
    while True:
        asked = iter([False] * 3)
        if not deletion.delete_rows(database, should_stop=lambda asked=asked: next(asked, True)):
            break
        sizes.append(sum(left(database, event.id).values()))
    assert len(sizes) > 10 and sizes == sorted(sizes, reverse=True) and left(database, event.id) == {}
    with database.read() as session:
        assert set(session.scalars(select(Attendee.id))) == others
        remaining = set(session.scalars(select(Account.email)))
        assert everything.expo.organiser.email in remaining, "who pressed is in the middle of something"
        assert not of_event & remaining - {everything.expo.organiser.email}
        assert not deletion.is_deletion_pending(session, now=NOW)


def test_rows_that_are_still_being_made_are_deleted_the_next_time(everything: Everything) -> None:
    """Work that began before the deletion may end after it."""
    database, event = everything.database, everything.expo.event
    press(everything)

    def should_stop() -> bool:
        with database.write() as session:
            halls = select(func.count()).where(Hall.event_id == event.id)
            if session.get(Event, event.id) and not session.scalar(halls):
                session.add(Hall(event_id=event.id, key="late", name="Late"))
        return False

    assert deletion.delete_rows(database, should_stop=should_stop)
    assert left(database, event.id)
    finish(database)
    assert left(database, event.id) == {}
