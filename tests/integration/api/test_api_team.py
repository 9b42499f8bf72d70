"""Team in the API: an owner's token invites, changes and removes members, but never owners."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.domain.errors import InvalidInput
from scheduler.domain.team import TeamRole
from scheduler.services.identity import actors, api_tokens
from scheduler.services.team import members
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event, OutboxEmail
from tests.support import clocks
from tests.support.api import Program, make_token
from tests.support.factories import NOW, Expo, make_event, make_member
from tests.support.web import web_app

NEW = {"email": "ines@team.example", "role": "viewer", "until": "2026-12-20"}


@pytest.fixture
def expo(database: Database, monkeypatch: pytest.MonkeyPatch) -> Expo:
    clocks.hold(monkeypatch, NOW)
    with database.write() as session:
        return make_event(session)


@pytest.fixture
def app(database: Database, broker_url: str) -> Flask:
    return web_app(database, broker_url)


@pytest.fixture
def program(database: Database, app: Flask, expo: Expo) -> Program:
    return Program(app, make_token(database, expo.organiser_actor()))


def member(database: Database, expo: Expo, role: TeamRole) -> Account:
    with database.write() as session:
        return make_member(session, expo, role)


def test_somebody_is_invited_once_by_mail_and_taken_back(
    database: Database, program: Program, expo: Expo
) -> None:
    first, again = (program.send("/team/invitations", NEW, key="ines") for _ in range(2))
    assert (first.status_code, first.json) == (201, again.json)
    made = first.json
    assert (made["email"], made["role"], made["until"]) == (NEW["email"], "viewer", "2026-12-20T16:00:00Z")
    assert program.get(first.headers["Location"].removeprefix("/api/v1")) == made
    assert program.get("/team")["invitations"] == [made]
    with database.read() as session:
        assert [mail.to_address for mail in session.scalars(select(OutboxEmail))] == [NEW["email"]]
    path = f"/team/invitations/{made['number']}"
    assert program.send(path, method="delete").json == {"number": made["number"]}
    program.get(path, 404)
    assert program.send(path, method="delete").status_code == 404
    assert program.get("/team")["invitations"] == []


def test_faults_of_an_invitation_are_named_by_field(program: Program) -> None:
    wrong = [({"email": "nobody"}, "email"), ({"role": "king"}, "role"), ({"until": "2026-01-01"}, "until"),
             ({"until": "9999-12-31"}, "until"), ({"language": "tlh"}, "language"),
             ({"role": "delegation-manager", "delegations": ["none"]}, "delegations")]  # fmt: skip
    for fields, name in wrong:
        answer = program.post("/team/invitations", NEW | fields, status=422)
        assert [fault["pointer"] for fault in answer["errors"]] == [f"#/{name}"], fields


def test_a_role_is_changed_and_ended_at_once(
    database: Database, app: Flask, program: Program, expo: Expo
) -> None:
    account = member(database, expo, TeamRole.ORGANISER)
    with database.write() as session:
        theirs = actors.actor_for(session, account.id, expo.event.key, now=NOW)
    other = Program(app, make_token(database, theirs, "runs:read"))
    path = f"/team/members/{account.id}"
    assert program.get(path)["role"] == "organiser"
    other.get("/runs")
    changed = program.post(f"{path}/change", {"role": "help-desk", "until": "2026-12-20"})
    assert (changed["role"], changed["until"]) == ("help-desk", "2026-12-20T16:00:00Z")
    assert changed == program.get(path)
    other.get("/runs", 401)
    assert program.send(path, method="delete").json == {"number": account.id}
    program.get(path, 404)
    assert [each["is_self"] for each in program.get("/team")["members"]] == [True]


def test_no_token_makes_changes_or_removes_an_owner(database: Database, program: Program, expo: Expo) -> None:
    second = member(database, expo, TeamRole.OWNER)
    helper = member(database, expo, TeamRole.HELP_DESK)
    calls = [("/team/invitations", NEW | {"role": "owner", "until": None}, "post"),
             (f"/team/members/{helper.id}/change", {"role": "owner"}, "post"),
             (f"/team/members/{second.id}/change", {"role": "organiser"}, "post"),
             (f"/team/members/{second.id}", None, "delete"),
             (f"/team/members/{expo.organiser.id}", None, "delete")]  # fmt: skip
    for path, body, method in calls:
        answer = program.send(path, body, method=method)
        assert (answer.status_code, "signed in" in answer.json["detail"]) == (403, True), path
    roles = {each["number"]: each["role"] for each in program.get("/team")["members"]}
    assert roles == {expo.organiser.id: "owner", second.id: "owner", helper.id: "help-desk"}


def test_only_an_owner_gives_a_token_the_team_and_one_who_is_none_any_more_has_it_no_more(
    database: Database, app: Flask, expo: Expo
) -> None:
    organiser, second = (member(database, expo, role) for role in (TeamRole.ORGANISER, TeamRole.OWNER))
    with database.write() as session:
        plain, owner = (
            actors.actor_for(session, each.id, expo.event.key, now=NOW) for each in (organiser, second)
        )
    with pytest.raises(InvalidInput, match="team:write"):
        make_token(database, plain, "team:write")
    token = Program(app, make_token(database, owner, "team:write"))
    token.post("/team/invitations", NEW, status=201)
    with database.write() as session:
        members.change_member(
            session, expo.organiser_actor(), second.id, role=TeamRole.ORGANISER, until=None, now=NOW
        )
    assert "Only an owner" in token.post("/team/invitations", NEW, status=403)["detail"]


def test_addresses_need_a_scope_of_their_own(database: Database, app: Flask, expo: Expo) -> None:
    token = make_token(database, expo.organiser_actor(), "team:read", "team:write")
    made = Program(app, token).post("/team/invitations", NEW, status=201)
    team = Program(app, token).get("/team")
    assert [each["email"] for each in (made, *team["members"], *team["invitations"])] == [None] * 3


def test_who_is_of_another_event_is_not_there(database: Database, program: Program) -> None:
    with database.write() as session:
        other = make_event(session)
    path = f"/team/members/{other.organiser.id}"
    program.get(path, 404)
    program.post(f"{path}/change", {"role": "organiser"}, status=404)
    assert program.send(path, method="delete").status_code == 404


def test_a_token_reads_an_archived_event_and_changes_nothing(
    database: Database, program: Program, expo: Expo
) -> None:
    with database.write() as session:
        session.get_one(Event, expo.event.id).archived_at = NOW + timedelta(hours=1)
    assert program.get("/team")["members"]
    assert "archived" in program.post("/team/invitations", NEW, status=403)["detail"]
    assert "archived" in program.post("/runs", {}, status=403)["detail"]


def test_an_owner_may_give_every_scope_and_an_organiser_all_but_the_team(expo: Expo) -> None:
    owner = expo.organiser_actor()
    assert set(api_tokens.list_offered_scopes(owner)) == set(api_tokens.SCOPES)
