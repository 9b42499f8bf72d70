"""Going live: no one was notified in rehearsal, so all get real notifications, once at most."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from scheduler.domain.entities import JobState, OutboxKind, RequestState
from scheduler.domain.errors import NotAllowed, PublishingInProgress, WrongState
from scheduler.services.delivery import rehearsal_delivery
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from scheduler.services.publishing import job_execution, version_jobs
from scheduler.services.publishing.rehearsal import going_live, rehearsed_emails
from scheduler.services.requests.digests import digest_sending
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AuditLogEntry,
    DigestItem,
    DigestPreference,
    Event,
    ExcludedPerson,
    InterpreterNotice,
    Invitation,
    InvitationReply,
    OutboxEmail,
    VersionJob,
)
from tests.integration.publishing.rehearsal.post import post
from tests.support.factories import NOW, Expo, make_request, meet
from tests.support.publishing import SETTINGS, carry_out, draft, publish
from tests.support.races import race
from tests.support.rehearsing import all_mails, rehearsed_event

pytestmark = pytest.mark.smtp

LATER = NOW + timedelta(minutes=30)


@pytest.fixture
def expo(database: Database) -> Expo:
    """Return an event in rehearsal, with every email rehearsed and version 3 published."""
    expo = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, expo, sent.deliver)
    return expo


def live(database: Database, expo: Expo, *, tell: bool = False) -> int | None:
    with database.write() as session:
        return going_live.go_live(session, expo.organiser_actor(), tell=tell, now=LATER)


def count(database: Database, table: Any, *which: Any) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*which)) or 0


def test_nothing_that_was_rehearsed_counts_as_told(database: Database, expo: Expo) -> None:
    told = (Invitation, DigestItem, InterpreterNotice, OutboxEmail)
    assert all(count(database, table) for table in told)
    assert count(database, Attendee, Attendee.invited_at.is_not(None))
    live(database, expo)
    assert [count(database, table) for table in (*told, InvitationReply)] == [0, 0, 0, 0, 0]
    assert count(database, Attendee, Attendee.invited_at.is_not(None)) == 0
    assert count(database, DigestPreference, DigestPreference.last_digest_at.is_not(None)) == 0


def test_going_live_sends_nothing_by_itself(database: Database, expo: Expo) -> None:
    assert live(database, expo) is None
    with post(database) as sent:
        with database.write() as session:
            digest_sending.queue_due_digests(session, SETTINGS, now=LATER + timedelta(days=1))
        assert sent.deliver(LATER + timedelta(days=1)) == 0


def test_the_next_publishing_tells_everybody_as_if_for_the_first_time(database: Database, expo: Expo) -> None:
    live(database, expo)
    with database.write() as session:
        first = make_request(session, expo, 3, 4)
        publish(session, expo, draft(session, expo, [meet(first, expo)]), 3, minutes=31)
    with post(database) as sent:
        sent.deliver(LATER + timedelta(minutes=2))
        assert sent.readers == {expo.people[3][0].email, expo.people[4][0].email}
        assert not any("Rehearsal" in mail["Subject"] for mail in sent.mails)
    with database.read() as session:
        assert {row.sequence for row in session.scalars(select(Invitation))} == {0}


def test_what_is_published_is_told_where_that_is_asked_and_counted_before(
    database: Database, expo: Expo
) -> None:
    with database.write() as session:
        request = make_request(session, expo, 4, 0)
        people = [expo.people[4][0], expo.people[0][1]]
        extra = draft(session, expo, [meet(request, expo, people=people)])
        publish(session, expo, extra, 3, minutes=10)
        quiet = session.get_one(Attendee, expo.people[0][1].id)
        quiet.summaries_stopped_at = NOW
    with post(database) as sent:
        sent.deliver(NOW + timedelta(minutes=11))
    with database.read() as session:
        said = going_live.show_live_state(session, expo.organiser_actor()).published
    assert said is not None
    assert live(database, expo, tell=True) is not None
    assert carry_out(database) == [job_execution.JobEnding.DONE]
    with post(database) as sent:
        assert sent.deliver(LATER + timedelta(minutes=2)) == said.mails
        assert len(sent.readers) == said.people
    kinds = {
        OutboxKind.INVITATION: said.invitations,
        OutboxKind.SUMMARY: said.summaries,
        OutboxKind.BRIEFING: said.briefings,
    }
    assert {kind: count(database, OutboxEmail, OutboxEmail.kind == kind) for kind in kinds} == kinds


def test_interpreters_are_counted_and_who_was_excluded_is_not(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        first = make_request(session, expo, 0, 1)
        gone = make_request(session, expo, 2, 3)
        plan = [
            meet(first, expo, interpreter=expo.interpreters[0]),
            meet(gone, expo, slot=1),
        ]
        publish(session, expo, draft(session, expo, plan), None)
        gone.state = RequestState.WITHDRAWN
        session.add(ExcludedPerson(request_id=first.id, attendee_id=expo.people[1][0].id, excluded_at=NOW))
        session.flush()
        said = going_live.show_live_state(session, expo.organiser_actor()).published
    assert said is not None
    assert (said.invitations, said.summaries, said.briefings, said.people) == (1, 1, 1, 2)
    live(database, expo, tell=True)
    carry_out(database)
    with post(database) as sent:
        assert sent.deliver(LATER + timedelta(minutes=2)) == said.mails


def test_everybody_can_be_invited_for_real(database: Database, expo: Expo) -> None:
    with database.write() as session:
        assert not invitation_emails.send_invitations(
            session, expo.organiser_actor(), Invitees.NEW, now=LATER
        )
    live(database, expo)
    with database.write() as session:
        assert (
            invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=LATER) == 5
        )
    with post(database) as sent:
        assert sent.deliver(LATER) == 5


def test_mails_that_wait_go_to_nobody_either(database: Database) -> None:
    """Some emails were not rehearsed yet: they were paused, or no worker was running."""
    expo = rehearsed_event(database)
    with database.write() as session:
        invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=NOW)
    live(database, expo)
    with post(database) as sent:
        assert sent.deliver(LATER) == 0


def test_it_waits_for_a_publishing_that_is_open(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        request = make_request(session, expo, 0, 1)
        number = draft(session, expo, [meet(request, expo)])
        job = version_jobs.request_publishing(
            session,
            event_id=expo.event.id,
            number=number,
            compared_with=None,
            by=None,
            hold=timedelta(minutes=5),
            now=NOW,
        )
        job_id = job.id
    with pytest.raises(PublishingInProgress):
        live(database, expo)
    with database.write() as session:
        session.get_one(VersionJob, job_id).state = JobState.CANCELLED
    live(database, expo)


def test_it_is_done_once_and_by_who_may_send_mails(database: Database, expo: Expo) -> None:
    reader = Actor(
        account_id=expo.organiser.id, event_id=expo.event.id, event_key=expo.event.key, team_role=Role.VIEWER
    )
    for actor in (expo.actor(0), reader):
        with database.write() as session, pytest.raises(NotAllowed):
            going_live.go_live(session, actor, now=LATER)
    live(database, expo)
    with pytest.raises(WrongState):
        live(database, expo)
    with database.read() as session:
        assert session.get_one(Event, expo.event.id).live_at == LATER
        about = session.scalars(select(AuditLogEntry.about)).all()
        assert f"event {expo.event.key} went live" in about


def test_of_two_who_press_at_once_one_takes_it_live(database: Database, expo: Expo) -> None:
    def press(session: Any) -> int | None:
        return going_live.go_live(session, expo.organiser_actor(), tell=True, now=LATER)

    done = race(database, press, press)
    assert sum(isinstance(each, WrongState) for each in done) == 1
    assert count(database, VersionJob) == 1


def test_an_event_that_goes_live_shares_nothing_with_others(database: Database, expo: Expo) -> None:
    other = rehearsed_event(database)
    with post(database) as sent:
        all_mails(database, other, sent.deliver)
    kept = count(database, OutboxEmail, OutboxEmail.event_id == other.event.id)
    told = count(database, Invitation, Invitation.event_id == other.event.id)
    live(database, expo)
    assert count(database, OutboxEmail, OutboxEmail.event_id == other.event.id) == kept
    assert count(database, Invitation, Invitation.event_id == other.event.id) == told
    with database.read() as session:
        assert rehearsed_emails.count_rehearsed_emails(session, other.organiser_actor())
        assert versions.find_published_version(session, other.event.id) is not None


def test_mails_that_are_being_kept_meanwhile_are_forgotten_too(database: Database) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        request = make_request(session, expo, 0, 1)
        publish(session, expo, draft(session, expo, [meet(request, expo)]), None)

    def keep(session: Any) -> int:
        return rehearsal_delivery.deliver_rehearsed(session, SETTINGS, worker="w", now=LATER)

    def press(session: Any) -> int | None:
        return going_live.go_live(session, expo.organiser_actor(), now=LATER)

    race(database, keep, press)
    assert (count(database, Invitation), count(database, OutboxEmail)) == (0, 0)


@pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)  # SQLite has one writer at a time
def test_what_is_about_to_be_told_meanwhile_is_forgotten_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    expo = rehearsed_event(database)
    with database.write() as session:
        make_request(session, expo, 0, 1, state=RequestState.PENDING)
        session.execute(update(Attendee).values(invited_at=NOW))
    found = digest_sending.list_pending_items

    def find_and_go_live(session: Any, *, now: datetime) -> Any:
        seen = found(session, now=now)
        assert seen
        live(database, expo)
        return seen

    with database.write() as session:
        monkeypatch.setattr(digest_sending, "list_pending_items", find_and_go_live)
        tomorrow = LATER + timedelta(days=1)
        assert digest_sending.queue_due_digests(session, SETTINGS, now=tomorrow) == 0
    with database.write() as session:
        monkeypatch.setattr(digest_sending, "list_pending_items", found)
        assert digest_sending.queue_due_digests(session, SETTINGS, now=tomorrow) == 0, "made in the rehearsal"
    assert count(database, OutboxEmail) == 0


def test_who_is_invited_meanwhile_is_invited_for_real_or_not_at_all(database: Database) -> None:
    expo = rehearsed_event(database)

    def invite(session: Any) -> int:
        return invitation_emails.send_invitations(session, expo.organiser_actor(), Invitees.NEW, now=LATER)

    def press(session: Any) -> int | None:
        return going_live.go_live(session, expo.organiser_actor(), now=LATER)

    race(database, invite, press)
    invited = count(database, Attendee, Attendee.invited_at.is_not(None))
    assert invited in (0, 5)
    with post(database) as sent:
        assert sent.deliver(LATER) == invited
