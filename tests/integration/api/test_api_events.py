"""Events by API: list, create, read, copy, archive and restore, with tokens of accounts and of services."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from scheduler.domain.team import TeamRole
from scheduler.storage.database import Database
from scheduler.storage.models import Account, ApiToken, AuditLogEntry, Event, Run, TeamMember
from tests.support.api import Program, make_service_token, make_token
from tests.support.factories import Expo, make_account, make_event, make_member
from tests.support.web import web_app

NEW: dict[str, Any] = {
    "key": "spring-2028",
    "name": "Spring 2028",
    "timezone": "Europe/Berlin",
    "first_day": "2028-03-14",
    "days": 2,
    "blocks": [{"start": "09:00", "end": "12:00"}],
    "halls": 2,
    "areas": ["Modules", "Inverters"],
}
COPY: dict[str, Any] = {"key": "next-year", "name": "Next year", "first_day": "2028-06-20"}


class Site:
    """An installation with two events, the first of which belongs to an operator."""

    def __init__(self, database: Database, broker_url: str) -> None:
        self.database, self.app = database, web_app(database, broker_url)
        with database.write() as session:
            self.own, self.other = make_event(session), make_event(session)
            session.get_one(Account, self.own.organiser.id).is_operator = True

    def operator(self, *scopes: str) -> Program:
        """Return a program with the operator's token for all events."""
        actor = self.own.organiser_actor()
        return Program(self.app, make_token(self.database, actor, *scopes, is_for_all_events=True))

    def service(self, *scopes: str) -> Program:
        return Program(self.app, make_service_token(self.database, *scopes))

    def of_event(self, expo: Expo) -> Program:
        return Program(self.app, make_token(self.database, expo.organiser_actor()))


@pytest.fixture
def site(database: Database, broker_url: str) -> Site:
    return Site(database, broker_url)


def keys_of(program: Program, **query: Any) -> list[str]:
    return [each["key"] for each in program.get("/events", **query)["items"]]


def test_each_token_lists_the_events_that_it_can_reach(site: Site) -> None:
    own, other = site.own.event.key, site.other.event.key
    assert keys_of(site.service()) == [other, own]
    assert keys_of(site.of_event(site.other)) == [other]
    operator = site.operator()
    assert keys_of(operator) == [own]
    operator.get(f"/events/{other}", status=404)
    with site.database.write() as session:
        member = make_member(session, site.other, TeamRole.ORGANISER, account=site.own.organiser)
    assert keys_of(operator) == [other, own]
    assert operator.get(f"/events/{other}")["name"] == site.other.event.name
    with site.database.write() as session:
        session.execute(delete(TeamMember).where(TeamMember.account_id == member.id))
    assert keys_of(operator) == []


def test_a_token_without_a_kind_of_role_reaches_no_event(site: Site) -> None:
    operator = site.operator()
    with site.database.write() as session:
        session.execute(update(ApiToken).values(as_organiser=False, as_exhibitor=False))
    assert keys_of(operator) == []
    operator.get(f"/events/{site.own.event.key}", status=404)


def test_an_exhibitor_lists_the_events_where_they_exhibit(site: Site) -> None:
    token = make_token(site.database, site.own.actor(0), "events:read", is_for_all_events=True)
    assert keys_of(Program(site.app, token)) == [site.own.event.key]


def test_the_list_is_paged_and_filtered_by_state(site: Site) -> None:
    service = site.service()
    service.post(f"/events/{site.own.event.key}/archive")
    first = service.get("/events", limit=1)
    assert (first["total"], len(first["items"])) == (2, 1)
    rest = service.get("/events", limit=1, cursor=first["next_cursor"])
    assert (rest["items"][0]["key"], rest["next_cursor"]) == (site.own.event.key, None)
    assert keys_of(service, state="archived") == [site.own.event.key]
    assert keys_of(service, state="active") == [site.other.event.key]
    service.get("/events", status=422, state="gone")


def test_the_list_takes_the_same_queries_for_any_number_of_events(site: Site) -> None:
    service, counts = site.service("events:read"), []

    def count(*_: Any) -> None:
        counts[-1] += 1

    service.get("/events")
    event.listen(site.database.engine, "before_cursor_execute", count)
    try:
        for _ in range(2):
            counts.append(0)
            service.get("/events")
            event.remove(site.database.engine, "before_cursor_execute", count)
            with site.database.write() as session:
                for _ in range(5):
                    make_event(session)
            event.listen(site.database.engine, "before_cursor_execute", count)
    finally:
        event.remove(site.database.engine, "before_cursor_execute", count)
    assert counts[0] == counts[1]


def test_an_operator_s_token_creates_an_event_that_belongs_to_the_operator(site: Site) -> None:
    operator = site.operator()
    response = operator.send("/events", NEW)
    assert (response.status_code, response.headers["Location"]) == (201, "/api/v1/events/spring-2028")
    made = response.json
    assert (made["first_day"], made["last_day"]) == ("2028-03-14", "2028-03-15")
    assert (made["live_at"], made["archived_at"]) == (None, None)
    assert operator.get("/events/spring-2028") == made
    there = Program(site.app, None, "spring-2028")
    there.headers |= operator.headers
    assert [hall["key"] for hall in there.get("/event")["halls"]] == ["h1", "h2"]
    with site.database.read() as session:
        created = session.scalars(select(Event.id).where(Event.key == "spring-2028")).one()
        owners = select(TeamMember.account_id).where(TeamMember.event_id == created)
        assert session.scalars(owners).all() == [site.own.organiser.id]
        entry = session.scalars(select(AuditLogEntry).where(AuditLogEntry.chain == created)).one()
        assert (entry.who, entry.role) == (site.own.organiser.email, "operator")
        assert entry.token_id is not None


def test_a_service_creates_an_event_for_an_operator_alone(site: Site) -> None:
    service = site.service("events:write", "events:read")
    with site.database.write() as session:
        make_account(session, "person@example.org")
    for owner in (None, "person@example.org", "nobody@example.org"):
        refused = service.post("/events", NEW | {"owner": owner}, status=422)
        assert refused["errors"][0]["pointer"] == "#/owner"
    email = site.own.organiser.email
    service.post("/events", NEW | {"owner": email.upper()}, status=201)
    with site.database.read() as session:
        created = session.scalars(select(Event.id).where(Event.key == "spring-2028")).one()
        assert session.get_one(TeamMember, (created, site.own.organiser.id)).role is TeamRole.OWNER
        entry = session.scalars(select(AuditLogEntry).where(AuditLogEntry.chain == created)).one()
        assert (entry.who, entry.account_id, entry.role) == ("CRM", None, "operator")


def test_who_cannot_create_events_on_pages_cannot_by_token(site: Site) -> None:
    actor = site.other.organiser_actor()
    stranger = Program(site.app, make_token(site.database, actor, is_for_all_events=True))
    assert "operators" in stranger.post("/events", NEW, status=403)["detail"]
    path = f"/events/{site.other.event.key}/copy"
    assert "operators" in stranger.post(path, COPY, status=403)["detail"]
    stranger.post(f"/events/{site.own.event.key}/copy", COPY, status=404)
    of_event = site.of_event(site.own)
    for path in ("/events", f"/events/{site.own.event.key}/copy"):
        refused = of_event.post(path, NEW if path == "/events" else COPY, status=403)
        assert refused["detail"] == "Only a token for all events can create events."
    assert site.operator("events:read").post("/events", NEW, status=403)["detail"].endswith("events:write.")
    assert site.operator().post("/events", NEW | {"owner": "a@x.example"}, status=422)


def test_an_operator_who_is_no_longer_one_creates_nothing(site: Site) -> None:
    operator = site.operator()
    with site.database.write() as session:
        session.get_one(Account, site.own.organiser.id).is_operator = False
    operator.post("/events", NEW, status=403)
    operator.post(f"/events/{site.own.event.key}/copy", COPY, status=403)


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"key": "New Event!"}, {"#/key"}),
        ({"timezone": "Mars"}, {"#/timezone"}),
        ({"first_day": "2020-01-01"}, {"#/first_day"}),
        ({"blocks": [{"start": "12:00", "end": "09:00"}]}, {"#/blocks/0"}),
        ({"blocks": []}, {"#/blocks"}),
        ({"halls": 99}, {"#/halls"}),
        ({"language": "xx", "areas": ["A", "a"]}, {"#/language", "#/areas"}),
        ({"colour": "red"}, {"#/colour"}),
    ],
)
def test_a_wrong_field_is_named(site: Site, change: dict[str, Any], pointers: set[str]) -> None:
    refused = site.operator().post("/events", NEW | change, status=422)
    assert {fault["pointer"] for fault in refused["errors"]} == pointers


def test_a_key_that_is_taken_is_refused(site: Site) -> None:
    operator = site.operator()
    for path, body in (("/events", NEW), (f"/events/{site.own.event.key}/copy", COPY)):
        refused = operator.post(path, body | {"key": site.other.event.key}, status=422)
        assert refused["errors"][0]["pointer"] == "#/key"


def test_a_repeated_request_creates_one_event(site: Site) -> None:
    operator = site.operator()
    for path, body in (("/events", NEW), (f"/events/{site.own.event.key}/copy", COPY)):
        first, again = (operator.send(path, body, key=f"once-{body['key']}") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert (first.json, first.headers["Location"]) == (again.json, again.headers["Location"])
        assert again.headers["Idempotency-Replayed"] == "true"
    assert keys_of(operator) == ["next-year", "spring-2028", site.own.event.key]


def test_a_copy_has_the_chosen_parts_and_its_own_audit_log(site: Site) -> None:
    service = site.service()
    body = COPY | {"parts": ["venue", "firms"], "owner": site.own.organiser.email}
    made = service.post(f"/events/{site.own.event.key}/copy", body, status=201)
    assert (made["key"], made["first_day"]) == ("next-year", "2028-06-20")
    service.headers["Chainmeet-Event"] = "next-year"
    assert service.get("/firms")["total"] == 3
    assert service.get("/people")["total"] == 0
    with site.database.read() as session:
        entries = session.scalars(select(AuditLogEntry).where(AuditLogEntry.who == "CRM"))
        found = {(each.chain == site.own.event.id, each.role) for each in entries if each.act == "event"}
        assert found == {(True, "owner"), (False, "operator")}


def test_a_failed_copy_leaves_its_idempotency_key(site: Site) -> None:
    operator, path = site.operator(), f"/events/{site.own.event.key}/copy"
    operator.post(path, COPY | {"first_day": None}, status=422, key="once")
    operator.post(path, COPY, status=201, key="once")


def test_an_owner_s_token_archives_and_restores(site: Site) -> None:
    of_event, path = site.of_event(site.own), f"/events/{site.own.event.key}"
    archived = of_event.post(f"{path}/archive")
    assert archived["archived_at"] is not None
    assert of_event.post(f"{path}/archive") == archived
    of_event.post("/runs", {}, status=403)
    assert of_event.post(f"{path}/restore")["archived_at"] is None
    organiser = Program(site.app, make_token(site.database, site.own.organiser_actor(), "events:read"))
    organiser.post(f"{path}/archive", status=403)
    of_event.post(f"/events/{site.other.event.key}/archive", status=404)


def test_an_organiser_s_token_reads_and_archives_nothing(site: Site) -> None:
    operator = site.operator()
    with site.database.write() as session:
        make_member(session, site.other, TeamRole.ORGANISER, account=site.own.organiser)
    path = f"/events/{site.other.event.key}"
    operator.get(path)
    assert operator.post(f"{path}/archive", status=403)["detail"].startswith("Only owners")


def test_an_event_with_an_open_run_is_not_archived(site: Site) -> None:
    operator = site.operator()
    operator.headers["Chainmeet-Event"] = site.own.event.key
    operator.post("/runs", {}, status=201)
    operator.post(f"/events/{site.own.event.key}/archive", status=409)
    with site.database.write() as session:
        session.execute(delete(Run))
    operator.post(f"/events/{site.own.event.key}/archive")


def test_an_event_that_has_changed_is_not_archived(site: Site) -> None:
    operator, path = site.operator(), f"/events/{site.own.event.key}"
    seen = operator.send(path, method="get")
    assert seen.headers["ETag"] == f'"{seen.json["version"]}"'
    known = {"If-None-Match": seen.headers["ETag"]}
    assert operator.client.get(f"/api/v1{path}", headers=operator.headers | known).status_code == 304

    def send(step: str, if_match: str) -> int:
        headers = operator.headers | {"If-Match": if_match}
        return operator.client.post(f"/api/v1{path}/{step}", headers=headers).status_code

    assert send("archive", '"other"') == 412
    assert operator.get(path)["archived_at"] is None
    assert send("archive", seen.headers["ETag"]) == 200
    assert send("restore", seen.headers["ETag"]) == 412
    assert send("restore", "*") == 200
    assert send("archive", seen.headers["ETag"]) == 200, "it is as it was"
