"""API tokens for all events: of an account, with its roles in each event, and of services."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from chainmeet.cli import main
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.services.events.archives import archiving, deletion
from scheduler.services.identity import actors, api_clients, api_tokens
from scheduler.services.identity.rights import Role
from scheduler.services.operations import restored_copy
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    ApiToken,
    Attendee,
    AuditLogEntry,
    Event,
    IdempotencyKey,
    ImportFile,
    TeamMember,
)
from tests.support.api import Program, actor_for_token, make_service_token, make_token
from tests.support.factories import NOW, Expo, make_event, make_member
from tests.support.publishing import SETTINGS
from tests.support.web import web_app

READS = ("events:read", "people:read")


def make_events(database: Database) -> tuple[Expo, Expo]:
    """Create two events, of which the first one's owner is an organiser of the second one."""
    with database.write() as session:
        first, second = make_event(session), make_event(session, firms=2)
        make_member(session, second, TeamRole.ORGANISER, account=first.organiser)
    return first, second


def test_a_token_for_all_events_has_the_role_of_its_account_in_each(database: Database) -> None:
    first, second = make_events(database)
    with database.write() as session:
        third = make_event(session)
        make_member(session, third, TeamRole.VIEWER, account=first.organiser)
    text = make_token(database, first.organiser_actor(), "events:write", is_for_all_events=True)
    with database.read() as session:
        found = [actor_for_token(session, text, expo.event.key, now=NOW) for expo in (first, second)]
        assert [actor.team_role for actor in found] == [Role.OWNER, Role.ORGANISER]
        assert {actor.account_id for actor in found} == {first.organiser.id}
        with pytest.raises(NotFound):
            actor_for_token(session, text, third.event.key, now=NOW)


def test_a_role_that_ends_is_lost_with_the_next_request(database: Database, broker_url: str) -> None:
    first, second = make_events(database)
    text = make_token(database, first.organiser_actor(), *READS, is_for_all_events=True)
    app = web_app(database, broker_url)
    there = Program(app, text, second.event.key)
    assert there.get("/firms")["total"] == 2
    with database.write() as session:
        lost = TeamMember.event_id == second.event.id, TeamMember.account_id == first.organiser.id
        session.execute(delete(TeamMember).where(*lost))
    there.get("/firms", status=401)
    assert Program(app, text, first.event.key).get("/firms")["total"] == 3


def test_an_exhibitor_s_token_for_all_events_never_becomes_an_organiser_s(database: Database) -> None:
    first, second = make_events(database)
    text = make_token(database, first.actor(0), "people:read", is_for_all_events=True)
    account_id = first.people[0][0].account_id
    with database.write() as session:
        for expo in (first, second):
            session.add(TeamMember(event_id=expo.event.id, account_id=account_id, role=TeamRole.OWNER))
        there = second.people[1][0]
        session.execute(update(Attendee).where(Attendee.id == there.id).values(account_id=account_id))
    with database.read() as session:
        for expo, firm in ((first, 0), (second, 1)):
            actor = actor_for_token(session, text, expo.event.key, now=NOW)
            assert (actor.team_role, actor.is_exhibitor) == (None, True)
            assert actor.firm_id == expo.firms[firm].id


def test_an_organiser_s_token_for_all_events_does_not_act_as_an_exhibitor(database: Database) -> None:
    first, second = make_events(database)
    text = make_token(database, first.organiser_actor(), "people:read", is_for_all_events=True)
    with database.write() as session:
        session.execute(delete(TeamMember).where(TeamMember.event_id == second.event.id))
        person = Attendee.id == second.people[0][0].id
        session.execute(update(Attendee).where(person).values(account_id=first.organiser.id))
    with database.read() as session, pytest.raises(NotFound):
        actor_for_token(session, text, second.event.key, now=NOW)


def test_a_token_of_one_event_is_not_valid_for_another(database: Database, broker_url: str) -> None:
    first, second = make_events(database)
    text, app = make_token(database, first.organiser_actor(), *READS), web_app(database, broker_url)
    assert Program(app, text, first.event.key).get("/event")["key"] == first.event.key
    Program(app, text, second.event.key).get("/event", status=401)
    Program(app, text, "no-event").get("/event", status=401)


def test_a_request_with_a_token_for_all_events_names_its_event(database: Database, broker_url: str) -> None:
    first, _ = make_events(database)
    text = make_token(database, first.organiser_actor(), *READS, is_for_all_events=True)
    app = web_app(database, broker_url)
    refused = Program(app, text).get("/event", status=400)
    assert refused["type"] == "urn:chainmeet:error:event-required"
    for unknown in ("no-event", "x" * 5000, "é"):
        Program(app, text, unknown).get("/event", status=401)
    answer = Program(app, text, first.event.key).send("/event", method="get")
    assert answer.json["key"] == first.event.key and "Chainmeet-Event" in answer.vary


def test_only_its_account_sees_and_revokes_a_token_for_all_events(database: Database) -> None:
    first, second = make_events(database)
    with database.write() as session:
        card, text = api_tokens.create_api_token(
            session, first.organiser_actor(), "CRM", READS, is_for_all_events=True, now=NOW
        )
        assert not card.is_of_event
        with pytest.raises(NotFound):
            api_tokens.revoke_api_token(session, second.organiser_actor(), card.id, now=NOW)
        assert api_tokens.list_api_tokens(session, second.organiser_actor()) == ()
        elsewhere = actors.actor_for(session, first.organiser.id, second.event.key, now=NOW)
        assert api_tokens.list_api_tokens(session, elsewhere) == (card,)
        api_tokens.revoke_api_token(session, elsewhere, card.id, now=NOW)
        with pytest.raises(NotFound):
            api_clients.find_client(session, text, now=NOW)


def test_a_service_is_an_organiser_of_every_event_within_its_scopes(
    database: Database, broker_url: str
) -> None:
    first, second = make_events(database)
    text, app = make_service_token(database, "people:read", "people:write"), web_app(database, broker_url)
    for expo, firms in ((first, 3), (second, 2)):
        program = Program(app, text, expo.event.key)
        assert program.get("/event")["is_organiser"] and program.get("/firms")["total"] == firms
        assert program.get("/firms/f1")["people"][0]["email"] is None
        program.get("/runs", status=403)
        program.get("/events", status=403)
        program.post("/participants/firms/f1/change", {"cells": {"website": "https://f1.example"}})
    with database.read() as session:
        entries = session.scalars(select(AuditLogEntry).where(AuditLogEntry.act == "firm")).all()
        found = {(each.chain, each.who, each.role, each.account_id) for each in entries}
        assert found == {(expo.event.id, "CRM", "organiser", None) for expo in (first, second)}
        (used,) = session.scalars(select(ApiToken.last_used_at).where(ApiToken.created_by.is_(None)))
        assert used is not None


def test_a_service_imports_rows_without_an_account(database: Database, broker_url: str) -> None:
    first, _ = make_events(database)
    program = Program(
        web_app(database, broker_url), make_service_token(database, "people:write"), first.event.key
    )
    rows = {"firms": [{"key": "new", "name": "New firm", "country": "DE", "tier": "upstream"}]}
    program.post("/imports", {"rows": rows, "dry_run": False})
    with database.read() as session:
        assert session.scalars(select(ImportFile.account_id)).all() == [None]


def test_services_have_names_of_their_own_scopes_and_an_end(database: Database) -> None:
    with database.write() as session:
        api_tokens.create_service_token(session, "CRM", ["runs:read"], days=90, now=NOW)
        for name, scopes, days, fault in (
            ("CRM", ["runs:read"], 90, "name: another service has it"),
            (" ", ["runs:read"], 90, "name: enter 1 to 120"),
            ("ERP", [], 90, "scopes: choose at least one"),
            ("ERP", ["nonsense"], 90, "scopes: 'nonsense' is not a scope"),
            ("ERP", ["runs:read"], 0, "days: must be from 1 to 365"),
            ("ERP", ["runs:read"], 366, "days: must be from 1 to 365"),
        ):
            with pytest.raises(InvalidInput, match=fault):
                api_tokens.create_service_token(session, name, scopes, days=days, now=NOW)
        later = NOW + timedelta(days=90)
        api_tokens.create_service_token(session, "CRM", ["runs:read"], now=later)


def test_owners_see_the_tokens_of_services_and_revoke_none(database: Database) -> None:
    first, second = make_events(database)
    make_service_token(database, "runs:read")
    with database.write() as session:
        (card,) = api_tokens.list_service_tokens(session, first.organiser_actor())
        assert (card.name, card.scopes, card.is_of_event) == ("CRM", ("runs:read",), False)
        organiser = actors.actor_for(session, first.organiser.id, second.event.key, now=NOW)
        for other in (organiser, first.actor(0)):
            assert api_tokens.list_service_tokens(session, other) == ()
        with pytest.raises(NotFound):
            api_tokens.revoke_api_token(session, first.organiser_actor(), card.id, now=NOW)


def test_no_client_makes_or_ends_tokens(database: Database) -> None:
    first, _ = make_events(database)
    text = make_service_token(database)
    with database.write() as session:
        service = actor_for_token(session, text, first.event.key, now=NOW)
        with pytest.raises(NotAllowed):
            api_tokens.create_api_token(session, service, "More", ["runs:read"], now=NOW)
        with pytest.raises(NotAllowed):
            api_tokens.revoke_api_token(session, service, service.api_token_id or 0, now=NOW)


def test_the_command_line_creates_lists_and_revokes(database: Database) -> None:
    first, _ = make_events(database)
    own = make_token(database, first.organiser_actor(), "runs:read", is_for_all_events=True)
    environment = {**SETTINGS.to_env(), "CHAINMEET_DATABASE_URL": str(database.url.render_as_string(False))}
    run = CliRunner(env=environment)
    made = run.invoke(main, ["token", "create", "Badges", "--scope", "people:read", "--days", "30"])
    assert made.exit_code == 0
    text = made.stdout.strip()
    with database.read() as session:
        service = api_clients.find_client(session, text, now=database.now())
        assert (service.name, service.is_service, service.scopes) == ("Badges", True, {"people:read"})
        with pytest.raises(NotFound):
            api_clients.find_client(session, text, now=database.now() + timedelta(days=30))
    listed = run.invoke(main, ["token", "list"]).stdout
    assert [line.split("  ")[3:] for line in listed.splitlines()] == [
        ["Badges", "service", "people:read"],
        ["test", first.organiser.email, "runs:read"],
    ]
    assert text not in listed
    for line in listed.splitlines():
        assert run.invoke(main, ["token", "revoke", line.split()[0]]).exit_code == 0
    with database.read() as session:
        for each in (text, own):
            with pytest.raises(NotFound):
                api_clients.find_client(session, each, now=database.now())
        acts = session.scalars(select(AuditLogEntry.about).where(AuditLogEntry.chain == 0)).all()
        assert [about for about in acts if "Badges" in about] == [
            f"token {service.api_token_id}, Badges, created for all events",
            f"token {service.api_token_id}, Badges, revoked",
        ]
    assert run.invoke(main, ["token", "list"]).stdout == ""
    assert run.invoke(main, ["token", "revoke", "999"]).exit_code == 2
    assert run.invoke(main, ["token", "create", "X", "--scope", "nonsense"]).exit_code == 2


def test_the_command_line_revokes_no_token_of_one_event(database: Database) -> None:
    first, _ = make_events(database)
    make_token(database, first.organiser_actor(), "runs:read")
    with database.write() as session:
        token = session.scalars(select(ApiToken)).one()
        with pytest.raises(NotFound):
            api_tokens.revoke_installation_token(session, token.id, now=NOW)


def test_tokens_for_all_events_are_among_the_secrets_that_a_restore_ends(database: Database) -> None:
    first, _ = make_events(database)
    make_service_token(database, "runs:read")
    make_token(database, first.organiser_actor(), "runs:read", is_for_all_events=True)
    with database.write() as session:
        hashes = set(session.scalars(select(ApiToken.token_hash)))
        assert len(hashes) == 2 and hashes <= set(restored_copy.live_secrets(session))
        session.execute(update(ApiToken).values(revoked_at=NOW))
        assert not hashes & set(restored_copy.live_secrets(session))


def test_an_account_s_tokens_for_all_events_end_with_its_last_event(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        account_id = expo.organiser.id
    make_token(database, expo.organiser_actor(), "runs:read", is_for_all_events=True)
    make_service_token(database, "runs:read")
    with database.write() as session:
        for token_id in session.scalars(select(ApiToken.id)):
            session.add(
                IdempotencyKey(api_token_id=token_id, key="k", request_hash="h", body="", created_at=NOW)
            )
        event = session.get_one(Event, expo.event.id)
        by = actors.operator_actor(event)
        archiving.delete_event(session, by, typed=event.name, now=database.now())
    while deletion.delete_rows(database, should_stop=lambda: False):
        pass
    with database.read() as session:
        assert session.get(Account, account_id) is None
        assert session.scalars(select(ApiToken.created_by)).all() == [None]
        assert len(session.scalars(select(IdempotencyKey.id)).all()) == 1
