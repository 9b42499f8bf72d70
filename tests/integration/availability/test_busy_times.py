"""Saved calendars and manual blocks both count as busy, and end with their removal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from scheduler.domain import rules
from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.invites.busy import UnusableCalendar
from scheduler.invites.transport.remote import FetchFailure
from scheduler.secret_keys import SecretKeys
from scheduler.services.availability import (
    busy_times,
)
from scheduler.services.availability import (
    grid as busy_grid,
)
from scheduler.services.availability import (
    refetch as refetching,
)
from scheduler.services.availability import (
    unavailable_slots as away,
)
from scheduler.services.identity import encryption
from scheduler.services.identity.actors import Actor
from scheduler.services.privacy import pruning
from scheduler.services.privacy.retention import DataKind
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import AttendeeBusy, BusySource, Invitation
from tests.support import clocks
from tests.support.calendars import FarSide, busy_in, calendar, event
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.published import Published
from tests.support.publishing import SETTINGS

ADDRESS = "https://calendar.example/private-hunter2/basic.ics"
ZONE = "Asia/Shanghai"
LATER = NOW + timedelta(hours=2)


class Person:
    """An attendee of an event with six slots on two days."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(session, slots="4 2")
        self.slots, self.actor = self.expo.slots, self.expo.actor(0)
        self.far = FarSide()

    def upload(self, octets: bytes, actor: Actor | None = None, zone: str = ZONE) -> str:
        return busy_times.preview_upload(
            self.database, actor or self.actor, "my calendar.ics", octets, zone, now=NOW
        )

    def link(self) -> str:
        return busy_times.preview_link(
            self.database, self.actor, ADDRESS, ZONE, fetcher=self.far, secret_key=SECRET_KEY, now=NOW
        )

    def save(self, key: str) -> None:
        with self.database.write() as session:
            busy_times.save_calendar(session, self.actor, key, now=NOW)

    def unavailable(self) -> set[int]:
        with self.database.read() as session:
            return set(snapshot.build_problem(session, self.expo.event.id, now=NOW).attendees[0].unavailable)

    def sources(self) -> list[BusySource]:
        with self.database.read() as session:
            mine = BusySource.attendee_id == self.actor.attendee_id
            saved = select(BusySource).where(mine, BusySource.is_saved)
            return list(session.scalars(saved.order_by(BusySource.id)))

    def refetch(self, now=LATER, secret_key: SecretKeys = SECRET_KEY) -> int:
        return refetching.refetch_calendars(
            self.database,
            fetcher=self.far,
            secret_key=secret_key,
            now=lambda: now,
            should_stop=lambda: False,
            max_seconds=60,
        )


@pytest.fixture
def person(database: Database) -> Person:
    return Person(database)


def test_nothing_counts_before_it_is_saved_and_nothing_after_it_is_removed(person: Person) -> None:
    key = person.upload(busy_in(person.slots[1], person.slots[4]))
    assert person.unavailable() == set()
    person.save(key)
    assert person.unavailable() == {1, 4}
    with person.database.write() as session:
        assert busy_times.remove_calendar(session, person.actor, key) == "my calendar.ics"
    assert person.unavailable() == set()


def test_a_plan_is_made_of_the_union_with_what_was_marked_by_hand(person: Person) -> None:
    with person.database.write() as session:
        busy_times.mark_slots(session, person.actor, ["s0", "s1", "no such slot"])
    key = person.upload(busy_in(person.slots[1], person.slots[2]))
    person.save(key)
    assert person.unavailable() == {0, 1, 2}
    with person.database.write() as session:
        busy_times.remove_calendar(session, person.actor, key)
    assert person.unavailable() == {0, 1}, "what was marked by hand stays"


def test_a_busy_time_that_only_touches_a_slot_leaves_it_free(person: Person) -> None:
    first, _, third = person.slots[:3]
    minute = timedelta(minutes=1)
    key = person.upload(
        calendar(event(first.end, third.start), event(third.end - minute, third.end, uid="2"))
    )
    person.save(key)
    assert person.unavailable() == {1, 2}


def test_a_saved_calendar_keeps_no_titles_and_no_file(person: Person) -> None:
    key = person.upload(busy_in(person.slots[1]))
    with person.database.read() as session:
        assert "Dentist" in str(busy_times.get_preview(session, person.actor, key).found)
    person.save(key)
    [source] = person.sources()
    assert source.octets is None and "Dentist" not in str(source.found)


def test_the_zone_that_was_assumed_can_be_changed_before_it_is_saved(person: Person) -> None:
    key = person.upload(calendar("BEGIN:VEVENT", "DTSTART:20261207T090000", "DURATION:PT30M", "END:VEVENT"))
    with person.database.read() as session:
        assert "Asia/Shanghai" in busy_times.get_preview(session, person.actor, key).found["notes"][0]
    busy_times.reread_preview(person.database, person.actor, key, "Asia/Tokyo")
    person.save(key)
    assert person.unavailable() == set(), "08:00 in Shanghai"
    key = person.upload(calendar("BEGIN:VEVENT", "DTSTART:20261207T100000", "DURATION:PT30M", "END:VEVENT"))
    busy_times.reread_preview(person.database, person.actor, key, "Asia/Tokyo")
    person.save(key)
    assert person.unavailable() == {0}
    with pytest.raises(InvalidInput):
        person.upload(calendar(), zone="Nowhere/Town")


def test_a_new_preview_replaces_the_one_before(person: Person) -> None:
    old, new = person.upload(busy_in(person.slots[0])), person.upload(busy_in(person.slots[1]))
    with pytest.raises(NotFound):
        person.save(old)
    person.save(new)
    assert person.unavailable() == {1}


def test_a_preview_is_its_owners_alone(person: Person) -> None:
    key = person.upload(busy_in(person.slots[0]))
    for other in (person.expo.actor(1), person.expo.organiser_actor()):
        with person.database.write() as session:
            for step in (busy_times.get_preview, busy_times.discard_preview, busy_times.remove_calendar):
                with pytest.raises(NotFound):
                    step(session, other, key)
    person.save(key)
    with person.database.write() as session, pytest.raises(NotFound):
        busy_times.remove_calendar(session, person.expo.actor(1), key)
    with person.database.write() as session, pytest.raises(NotFound):
        busy_times.get_preview(session, person.actor, key)


def test_previews_that_are_left_lying_are_forgotten(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.save(person.upload(busy_in(person.slots[0])))
    person.upload(busy_in(person.slots[1]))
    for hours, count in ((23, 0), (25, 1)):
        clocks.hold(monkeypatch, NOW + timedelta(hours=hours))
        pruned = pruning.prune(person.database, SETTINGS).rows
        assert pruned.get(DataKind.CALENDAR_PREVIEWS, 0) == count
    assert person.unavailable() == {0}


def test_too_many_calendars_are_refused(person: Person) -> None:
    for _ in range(busy_times.MOST_SOURCES):
        person.save(person.upload(calendar()))
    key = person.upload(calendar())
    with pytest.raises(InvalidInput, match="Remove one"):
        person.save(key)


def test_an_event_without_slots_has_nothing_to_be_busy_in(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, slots="0")
    with pytest.raises(InvalidInput, match="no meeting times yet"):
        busy_times.preview_upload(database, expo.actor(0), "a.ics", calendar(), ZONE, now=NOW)


def test_events_do_not_leak_into_each_other(person: Person) -> None:
    person.save(person.upload(busy_in(person.slots[0])))
    with person.database.write() as session:
        other = make_event(session, slots="4 2")
        assert away.list_unavailable_slots(session, other.event.id) == {}
        attendee_id = person.actor.attendee_id
        assert away.list_unavailable_slots(session, person.expo.event.id) == {
            attendee_id: {person.slots[0].id}
        }
        assert away.list_unavailable_slots(session, person.expo.event.id, [other.people[0][0].id]) == {}


def test_a_published_meeting_in_the_persons_calendar_does_not_block_itself(database: Database) -> None:
    published = Published(database)
    row = published.mail_to(0)
    with database.read() as session:
        uid = session.query(Invitation.uid).filter_by(attendee_id=published.person(0).id).scalar() or row.uid
    slot = published.expo.slots[0]
    octets = calendar(event(slot.start, slot.end, uid=uid))
    key = busy_times.preview_upload(database, published.expo.actor(0), "a.ics", octets, ZONE, now=NOW)
    with database.write() as session:
        found = busy_times.get_preview(session, published.expo.actor(0), key).found
        assert found["busy"] == [] and found["counts"] == {"own": 1}


def test_a_meeting_that_may_move_clashes_and_one_that_starts_soon_stays(person: Person) -> None:
    with person.database.write() as session:
        request = make_request(session, person.expo)
        make_version(session, person.expo, [meet(request, person.expo, slot=1)])
    person.save(person.upload(busy_in(person.slots[1])))
    with person.database.read() as session:
        [clash] = busy_grid.show_grid(session, person.actor, now=NOW).clashes
        assert (clash.meeting.request_key, clash.is_frozen) == (request.key, False)
        problem = snapshot.build_problem(session, person.expo.event.id, now=NOW)
        assert [v.rule for v in rules.violations(problem, problem.published)] == ["H4"]
        soon = person.slots[0].start - timedelta(hours=1)
        [clash] = busy_grid.show_grid(session, person.actor, now=soon).clashes
        assert clash.is_frozen
        problem = snapshot.build_problem(session, person.expo.event.id, now=soon)
        assert rules.violations(problem, problem.published) == []


def test_the_grid_says_what_takes_each_slot(person: Person) -> None:
    with person.database.write() as session:
        busy_times.mark_slots(session, person.actor, ["s5"])
    person.save(person.upload(busy_in(person.slots[0])))
    key = person.upload(busy_in(person.slots[1], summary="Board"))
    with person.database.read() as session:
        grid = busy_grid.show_grid(
            session, person.actor, now=NOW, preview=busy_times.get_preview(session, person.actor, key)
        )
    assert [f"{day:%d}" for day in grid.days] == ["07", "08"] and len(grid.rows) == 4
    by_key = {cell.slot.key: cell for cell in grid.cells()}
    assert by_key["s0"].calendars == ("my calendar.ics",) and by_key["s1"].reasons == ("Board",)
    assert by_key["s5"].is_marked and not by_key["s2"].is_taken
    assert grid.rows[3][2][1] is None, "the second day has two slots only"


def test_the_address_of_a_linked_calendar_is_sealed(person: Person) -> None:
    person.far.octets = busy_in(person.slots[0])
    person.save(person.link())
    [source] = person.sources()
    stored = {column.name: getattr(source, column.name) for column in BusySource.__table__.columns}
    assert "hunter2" not in repr(stored) and source.name == "calendar.example"
    assert encryption.decrypt(SECRET_KEY, busy_times.ADDRESS, source.address) == ADDRESS
    with pytest.raises(encryption.UnreadableSecret):
        encryption.decrypt(SecretKeys("x" * 32), busy_times.ADDRESS, source.address)
    with pytest.raises(encryption.UnreadableSecret):
        encryption.decrypt(SECRET_KEY, "another purpose", source.address)


def test_a_linked_calendar_is_fetched_again_hourly_and_by_one_alone(person: Person) -> None:
    person.far.octets = busy_in(person.slots[0])
    person.save(person.link())
    assert person.refetch(NOW + timedelta(minutes=59)) == 0
    person.far.octets, person.far.etag = busy_in(person.slots[2]), '"2"'
    assert person.refetch(NOW + timedelta(minutes=61)) == 1
    assert person.unavailable() == {2}
    assert person.refetch(NOW + timedelta(minutes=62)) == 0
    assert person.far.asked == [(ADDRESS, ""), (ADDRESS, '"1"')]
    assert "Dentist" not in str(person.sources()[0].found)


def test_a_calendar_that_did_not_change_stays_as_it_is(person: Person) -> None:
    person.far.octets = busy_in(person.slots[0])
    person.save(person.link())
    assert person.refetch() == 1 and person.unavailable() == {0}
    assert person.sources()[0].read_at == LATER


@pytest.mark.parametrize("octets", [b"<html>", None])
def test_a_fetch_that_fails_keeps_what_is_known_and_says_why(person: Person, octets: bytes | None) -> None:
    person.far.octets = busy_in(person.slots[0])
    person.save(person.link())
    person.far.etag, person.far.octets = '"2"', octets or b""
    person.far.fails = "" if octets else "The calendar server took too long to respond."
    assert person.refetch() == 1
    [source] = person.sources()
    assert person.unavailable() == {0} and source.failure.endswith(".") and source.read_at == NOW
    person.far.fails, person.far.octets = "", busy_in(person.slots[1])
    assert person.refetch(LATER + timedelta(hours=2)) == 1
    assert person.unavailable() == {1} and person.sources()[0].failure == ""


def test_another_secret_key_is_said_so(person: Person) -> None:
    person.far.octets = busy_in(person.slots[0])
    person.save(person.link())
    assert person.refetch(secret_key=SecretKeys("y" * 32)) == 1
    assert "add it again" in person.sources()[0].failure and person.unavailable() == {0}


def test_nothing_is_fetched_once_the_event_is_over(person: Person) -> None:
    person.far.octets = calendar()
    person.save(person.link())
    over = person.slots[-1].end
    with person.database.read() as session:
        assert refetching.is_refetch_due(session, now=over - timedelta(minutes=1))
        assert not refetching.is_refetch_due(session, now=over)
    assert person.refetch(over) == 0


def test_files_and_previews_are_never_fetched(person: Person) -> None:
    person.save(person.upload(calendar()))
    person.far.octets = calendar()
    person.link()
    assert person.refetch() == 0


def test_what_cannot_be_read_leaves_nothing_behind(person: Person) -> None:
    with pytest.raises(UnusableCalendar):
        person.upload(b"garbage")
    person.far.fails = "The calendar server took too long to respond."
    with pytest.raises(FetchFailure):
        person.link()
    with person.database.read() as session:
        assert session.query(BusySource).count() == 0


def test_marking_replaces_what_was_marked(person: Person) -> None:
    with person.database.write() as session:
        other = person.expo.people[1][0].id
        session.add(AttendeeBusy(attendee_id=other, slot_id=person.slots[0].id))
        assert busy_times.mark_slots(session, person.actor, ["s1", "s2"]) == 2
        assert busy_times.mark_slots(session, person.actor, ["s2"]) == 1
        assert away.list_unavailable_slots(session, person.expo.event.id) == {
            person.actor.attendee_id: {person.slots[2].id},
            other: {person.slots[0].id},
        }
