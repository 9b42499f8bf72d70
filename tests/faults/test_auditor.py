"""The auditor names each promise that the facts contradict: an auditor that finds nothing proves nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from scheduler.domain.entities import JobState, OutboxState
from scheduler.storage.models import Booking, OutboxEmail, VersionJob
from tests.faults.auditor import Promise
from tests.faults.installation import Installation

pytestmark = [pytest.mark.smtp, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def broken(installation: Installation, in_flight: int = 0) -> set[Promise]:
    return {each.promise for each in installation.breaches(in_flight=in_flight)}


def test_an_email_that_never_arrived_is_lost_and_its_meeting_is_missing(installation: Installation) -> None:
    installation.catcher.taken.pop()
    assert broken(installation) == {Promise.NOTHING_LOST, Promise.CALENDARS}


def test_a_copy_counts_unless_it_was_in_flight(installation: Installation) -> None:
    installation.catcher.taken.append(installation.catcher.taken[0])
    assert broken(installation) == {Promise.NOTHING_TWICE}
    assert broken(installation, in_flight=1) == set()


def test_a_copy_with_other_octets_always_counts(installation: Installation) -> None:
    sender, to, content = installation.catcher.taken[0]
    installation.catcher.taken.append((sender, to, content.replace(b"Subject: ", b"Subject: Re: ", 1)))
    assert broken(installation, in_flight=1) == {Promise.NOTHING_TWICE}


def test_an_older_revision_that_arrives_later_goes_back(installation: Installation) -> None:
    installation.publish(5, 1, 2, 3, None)
    installation.deliver()
    assert broken(installation) == set()
    installation.catcher.taken.reverse()
    assert broken(installation) == {Promise.SEQUENCE}


def test_a_missing_booking_would_let_someone_be_double_booked(installation: Installation) -> None:
    with installation.database.write() as session:
        session.execute(delete(Booking))
    assert broken(installation) == {Promise.NO_OVERLAP}


def test_a_published_change_without_an_email_is_named(installation: Installation) -> None:
    installation.publish(5, 1, 2, 3, None)
    with installation.database.write() as session:
        session.execute(delete(OutboxEmail).where(OutboxEmail.state == OutboxState.QUEUED))
    assert Promise.NOTIFIED in broken(installation)


@pytest.mark.parametrize("state", [OutboxState.SENDING, OutboxState.QUEUED])
def test_an_email_that_is_not_sent_has_not_settled(installation: Installation, state: OutboxState) -> None:
    with installation.database.write() as session:
        session.execute(update(OutboxEmail).values(state=state))
    expected = Promise.WHOLE if state is OutboxState.SENDING else Promise.NOTHING_LOST
    assert expected in broken(installation)


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.FAILED])
def test_a_job_that_did_not_end_well_is_half_done(installation: Installation, state: JobState) -> None:
    with installation.database.write() as session:
        session.execute(update(VersionJob).values(state=state))
    assert Promise.WHOLE in broken(installation)
