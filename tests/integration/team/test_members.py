"""Team members: expiring roles, immediate removal, and always an owner."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.services.identity import actors, api_tokens
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.team import members
from scheduler.services.team.members import LastOwner
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, TeamMember
from tests.support.api import actor_for_token
from tests.support.factories import NOW, Expo, make_account, make_event, make_member
from tests.support.threads import Step

postgres = pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


def member(database: Database, expo: Expo, role: TeamRole, until: datetime | None = None) -> Account:
    with database.write() as session:
        return make_member(session, expo, role, until=until)


def actor_of(session: Session, expo: Expo, account: Account, now: datetime = NOW) -> Actor:
    return actors.actor_for(session, account.id, expo.event.key, now=now)


def change(session: Session, expo: Expo, account: Account, role: TeamRole, until: date | None = None) -> None:
    members.change_member(session, expo.organiser_actor(), account.id, role=role, until=until, now=NOW)


@pytest.mark.parametrize("role", TeamRole)
def test_a_member_has_the_role_of_its_row(database: Database, expo: Expo, role: TeamRole) -> None:
    account = member(database, expo, role)
    with database.read() as session:
        actor = actor_of(session, expo, account)
        assert (actor.team_role, actor.roles) == (Role(role.value), (Role(role.value),))
        (event,) = actors.list_events(session, account.id, now=NOW)
    assert event.team_role is actor.team_role


def test_a_role_ends_with_its_last_day_on_the_venue_s_clock(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, timezone="Asia/Shanghai")
        account = make_member(session, expo, TeamRole.ORGANISER)
        change(session, expo, account, TeamRole.HELP_DESK, date(2026, 11, 24))
        end = datetime(2026, 11, 24, 16, tzinfo=UTC)
        assert actor_of(session, expo, account, end - timedelta(seconds=1)).team_role is Role.HELP_DESK
        with pytest.raises(NotFound):
            actor_of(session, expo, account, end)
        assert actors.list_events(session, account.id, now=end) == []
        with pytest.raises(InvalidInput, match="enter a date that is not in the past"):
            change(session, expo, account, TeamRole.HELP_DESK, date(2026, 11, 23))


def test_an_owner_has_no_last_day(database: Database, expo: Expo) -> None:
    account = member(database, expo, TeamRole.ORGANISER)
    with database.write() as session, pytest.raises(InvalidInput, match="an owner has no last day"):
        change(session, expo, account, TeamRole.OWNER, date(2027, 1, 1))


@pytest.mark.parametrize("role", [TeamRole.ORGANISER, TeamRole.VIEWER, TeamRole.HELP_DESK])
def test_only_an_owner_changes_the_team_and_everybody_sees_it(
    database: Database, expo: Expo, role: TeamRole
) -> None:
    account = member(database, expo, role)
    with database.write() as session:
        actor = actor_of(session, expo, account)
        assert [card.email for card in members.get_team(session, actor, now=NOW).members] == [
            expo.organiser.email,
            account.email,
        ]
        with pytest.raises(NotAllowed, match="Only an owner"):
            members.remove_member(session, actor, expo.organiser.id, now=NOW)
        with pytest.raises(NotAllowed, match="Only an owner"):
            members.change_member(session, actor, account.id, role=TeamRole.OWNER, until=None, now=NOW)
        members.remove_member(session, actor, account.id, now=NOW)


def test_who_is_removed_has_nothing_left_and_their_tokens_do_not_come_back(
    database: Database, expo: Expo
) -> None:
    account = member(database, expo, TeamRole.ORGANISER)
    with database.write() as session:
        actor = actor_of(session, expo, account)
        _, token = api_tokens.create_api_token(session, actor, "robot", ["runs:read"], now=NOW)
        assert actor_for_token(session, token, now=NOW).is_organiser
        members.remove_member(session, expo.organiser_actor(), account.id, now=NOW)
        with pytest.raises(NotFound):
            actor_of(session, expo, account)
        make_member(session, expo, TeamRole.ORGANISER, account=account)
        with pytest.raises(NotFound):
            actor_for_token(session, token, now=NOW)


def test_a_token_has_no_more_than_its_maker_has_now(database: Database, expo: Expo) -> None:
    account = member(database, expo, TeamRole.ORGANISER)
    with database.write() as session:
        actor = actor_of(session, expo, account)
        _, token = api_tokens.create_api_token(session, actor, "robot", ["runs:read"], now=NOW)
        change(session, expo, account, TeamRole.VIEWER)
        with pytest.raises(NotFound):
            actor_for_token(session, token, now=NOW)


def test_the_last_owner_cannot_go(database: Database, expo: Expo) -> None:
    other = member(database, expo, TeamRole.ORGANISER)
    with database.write() as session:
        with pytest.raises(LastOwner, match="Make another member an owner first"):
            members.remove_member(session, expo.organiser_actor(), expo.organiser.id, now=NOW)
        with pytest.raises(LastOwner):
            change(session, expo, expo.organiser, TeamRole.ORGANISER)
        change(session, expo, other, TeamRole.OWNER)
        members.remove_member(session, expo.organiser_actor(), expo.organiser.id, now=NOW)
        with pytest.raises(LastOwner):
            members.remove_member(session, actor_of(session, expo, other), other.id, now=NOW)


@postgres
def test_of_two_owners_who_remove_each_other_at_once_one_stays(database: Database, expo: Expo) -> None:
    other = member(database, expo, TeamRole.OWNER)

    def remove(by: Account, whom: Account) -> str:
        actor = replace(expo.organiser_actor(), account_id=by.id)
        with database.write() as session:
            members.remove_member(session, actor, whom.id, now=NOW)
        return whom.email

    for _ in range(5):
        steps = [Step(lambda: remove(expo.organiser, other)), Step(lambda: remove(other, expo.organiser))]
        outcomes = []
        for step in steps:
            try:
                outcomes.append(step.done())
            except LastOwner:
                outcomes.append("refused")
        assert outcomes.count("refused") == 1
        with database.write() as session:
            (left,) = session.scalars(select(TeamMember.account_id)).all()
            gone = other.id if left == expo.organiser.id else expo.organiser.id
            session.add(TeamMember(event_id=expo.event.id, account_id=gone, role=TeamRole.OWNER))


def test_the_trail_tells_of_roles(database: Database, expo: Expo) -> None:
    account = member(database, expo, TeamRole.VIEWER)
    with database.write() as session:
        change(session, expo, account, TeamRole.HELP_DESK)
        members.remove_member(session, expo.organiser_actor(), account.id, now=NOW)
    with database.read() as session:
        told = [(row.about, row.before, row.after) for row in session.scalars(select(AuditLogEntry))]
    about = f"role of {account.email}"
    assert told == [
        (about, '{"role":"read-only"}', '{"role":"desk helper"}'),
        (about, '{"role":"desk helper","until":null}', ""),
    ]


def test_another_event_s_members_are_not_found(database: Database, expo: Expo) -> None:
    with database.write() as session:
        stranger = make_account(session)
        for account_id in (stranger.id, 999_999):
            with pytest.raises(NotFound):
                members.remove_member(session, expo.organiser_actor(), account_id, now=NOW)
