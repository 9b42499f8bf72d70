"""Delegations: created and changed by organisers, members, leaders. Meetings are unaffected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.participants.delegations import delegations, membership
from scheduler.services.participants.delegations.delegations import DelegationForm
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    AuditLogEntry,
    Delegation,
    DelegationFirm,
    DelegationPerson,
    Firm,
)
from tests.support.factories import NOW, Expo, make_event, make_request, make_version, meet
from tests.support.queries import count_selects
from tests.support.threads import Step

FORM = DelegationForm("Hungarian Chamber", "Hungary", "", "Kovács Éva", "+36 1 555 0100")


def event_with_one(database: Database, *, firms: int = 3) -> tuple[Expo, str]:
    with database.write() as session:
        expo = make_event(session, firms=firms, people=2)
        return expo, delegations.create_delegation(session, expo.organiser_actor(), FORM, now=NOW)


def names(database: Database, expo: Expo, key: str) -> tuple[list[str], list[tuple[str, bool]]]:
    """Return the keys of its firms, and of its people with True if they come without their firm."""
    with database.read() as session:
        found = delegations.get_delegation(session, expo.organiser_actor(), key).members
        return [firm.key for firm in found.firms], [(each.person.key, each.alone) for each in found.people]


def test_a_firm_joins_with_all_its_people_and_a_person_alone(database: Database) -> None:
    expo, key = event_with_one(database)
    actor = expo.organiser_actor()
    with database.write() as session:
        membership.add_firm(session, actor, key, "f0", now=NOW)
        membership.add_person(session, actor, key, expo.people[1][0].key, now=NOW)
        membership.add_person(session, actor, key, expo.people[0][0].key, now=NOW)
        membership.add_firm(session, actor, key, "f0", now=NOW)
    together = [(person.key, False) for person in expo.people[0]]
    assert names(database, expo, key) == (["f0"], [*together, (expo.people[1][0].key, True)])
    with database.write() as session:
        membership.add_firm(session, actor, key, "f1", now=NOW)
    assert [alone for _, alone in names(database, expo, key)[1]] == [False] * 4, "not in it twice"
    with database.write() as session:
        membership.remove_firm(session, actor, key, "f1", now=NOW)
        membership.remove_firm(session, actor, key, "f1", now=NOW)
    assert names(database, expo, key) == (["f0"], together)


def test_the_list_counts_all_people_and_is_searched(database: Database) -> None:
    expo, key = event_with_one(database)
    actor = expo.organiser_actor()
    with database.write() as session:
        membership.add_firm(session, actor, key, "f0", now=NOW)
        membership.add_person(session, actor, key, expo.people[2][1].key, now=NOW)
        delegations.create_delegation(session, actor, DelegationForm("Zhejiang"), now=NOW)
    with database.read() as session:
        rows = delegations.list_delegations(session, actor).items
        assert [(row.name, row.firms, row.people) for row in rows] == [
            ("Hungarian Chamber", 1, 3),
            ("Zhejiang", 0, 0),
        ]
        found = delegations.list_delegations(session, actor, text="kovács hung")
        assert [row.key for row in found.items] == [key]


def test_a_leader_is_one_of_its_people_and_no_leader_any_more_once_the_firm_has_left(
    database: Database,
) -> None:
    expo, key = event_with_one(database)
    actor, leader = expo.organiser_actor(), expo.people[0][1].key
    with database.write() as session, pytest.raises(InvalidInput) as raised:
        delegations.change_delegation(session, actor, key, replace(FORM, leader=leader), now=NOW)
    assert [fault.path for fault in raised.value.faults] == ["leader"]
    with database.write() as session:
        membership.add_firm(session, actor, key, "f0", now=NOW)
        session.flush()
        delegations.change_delegation(session, actor, key, replace(FORM, leader=leader), now=NOW)
    with database.read() as session:
        assert delegations.get_delegation(session, actor, key).form.leader == leader
    with database.write() as session:
        membership.remove_firm(session, actor, key, "f0", now=NOW)
    with database.read() as session:
        assert delegations.get_delegation(session, actor, key).form.leader == ""


def test_who_was_taken_out_of_the_event_is_not_counted(database: Database) -> None:
    expo, key = event_with_one(database)
    actor = expo.organiser_actor()
    with database.write() as session:
        membership.add_firm(session, actor, key, "f0", now=NOW)
        session.get_one(Attendee, expo.people[0][0].id).withdrawn_at = NOW
    assert names(database, expo, key)[1] == [(expo.people[0][1].key, False)]
    with database.read() as session:
        assert [row.people for row in delegations.list_delegations(session, actor).items] == [1]
        assert membership.list_candidates(session, actor, key, expo.people[0][0].latin_name).people == ()


def test_meetings_are_those_of_the_published_plan(database: Database) -> None:
    expo, key = event_with_one(database)
    actor = expo.organiser_actor()
    with database.write() as session:
        membership.add_firm(session, actor, key, "f0", now=NOW)
        request = make_request(session, expo, 0, 1)
        make_version(session, expo, [meet(request, expo)])
    with database.read() as session:
        people = delegations.get_delegation(session, actor, key).members.people
        assert [each.meetings for each in people] == [1, 0]


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        for form, path in (
            (DelegationForm("  "), "name"),
            (DelegationForm("n" * 121), "name"),
            (replace(FORM, escort_phone="1" * 41), "escort_phone"),
        ):
            with pytest.raises(InvalidInput) as raised:
                delegations.create_delegation(session, expo.organiser_actor(), form, now=NOW)
            assert [fault.path for fault in raised.value.faults] == [path]
        assert delegations.list_delegations(session, expo.organiser_actor()).total == 0


def test_removing_one_leaves_its_firms_and_people(database: Database) -> None:
    expo, key = event_with_one(database)
    actor = expo.organiser_actor()
    with database.write() as session:
        membership.add_firm(session, actor, key, "f0", now=NOW)
        membership.add_person(session, actor, key, expo.people[1][0].key, now=NOW)
        assert delegations.remove_delegation(session, actor, key, now=NOW) == FORM.name
    with database.read() as session:
        assert session.scalar(select(Delegation.id)) is None
        assert session.scalar(select(DelegationFirm.firm_id)) is None
        assert session.scalar(select(DelegationPerson.attendee_id)) is None
        assert len(session.scalars(select(Firm.id)).all()) == 3
        noted = session.scalars(select(AuditLogEntry.act).where(AuditLogEntry.act == "delegation")).all()
        assert len(noted) == 4, "made, joined twice, removed"


def test_only_an_organiser_of_the_event_keeps_delegations(database: Database) -> None:
    expo, key = event_with_one(database)
    with database.write() as session:
        other = make_event(session, name="Another Expo", firms=1)
        for step in (
            lambda: delegations.list_delegations(session, expo.actor(0)),
            lambda: delegations.create_delegation(session, expo.actor(0), FORM, now=NOW),
            lambda: membership.add_firm(session, expo.actor(0), key, "f0", now=NOW),
        ):
            with pytest.raises(NotAllowed):
                step()
        with pytest.raises(NotFound):
            delegations.get_delegation(session, other.organiser_actor(), key)
        with pytest.raises(NotFound):
            membership.add_firm(session, expo.organiser_actor(), key, "of another event", now=NOW)


def test_the_list_and_a_delegation_take_as_many_queries_however_many_there_are(database: Database) -> None:
    expo, key = event_with_one(database, firms=12)
    actor = expo.organiser_actor()
    few = (
        count_selects(database, lambda session: delegations.list_delegations(session, actor)),
        count_selects(database, lambda session: delegations.get_delegation(session, actor, key)),
    )
    with database.write() as session:
        for number in range(20):
            delegations.create_delegation(session, actor, DelegationForm(f"Number {number}"), now=NOW)
            session.flush()
        for firm in range(12):
            membership.add_firm(session, actor, key, f"f{firm}", now=NOW)
    many = (
        count_selects(database, lambda session: delegations.list_delegations(session, actor)),
        count_selects(database, lambda session: delegations.get_delegation(session, actor, key)),
    )
    assert many == few


def test_two_who_add_the_same_firm_at_the_same_time_add_it_once(database: Database) -> None:
    expo, key = event_with_one(database)
    actor = expo.organiser_actor()

    def add() -> None:
        with database.write() as session:
            membership.add_firm(session, actor, key, "f0", now=NOW)

    for step in [Step(add) for _ in range(6)]:
        step.done()
    assert names(database, expo, key)[0] == ["f0"]
