"""Delegation managers: see their own delegations, respond for their firms, and find nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import InvalidInput, NotFound
from scheduler.domain.team import TeamRole
from scheduler.services.directory import delegation_lookup, search
from scheduler.services.identity import actors
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import request_table
from scheduler.services.participants.delegations import delegations, membership
from scheduler.services.participants.delegations.delegations import DelegationForm
from scheduler.services.participants.delegations.print_pack import make_print_pack
from scheduler.services.schedule import agendas
from scheduler.services.team import invitations, members
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AuditLogEntry, TeamDelegation
from tests.support.factories import NOW, Expo, make_account, make_event, make_member, make_request
from tests.support.publishing import SETTINGS
from tests.support.site import Site
from tests.support.web import Browser

OTHER = "g2"


def with_chamber(database: Database, expo: Expo) -> Actor:
    """Manager of g1 with firm 0 and a person of firm 1; g2 with firm 2 belongs to another manager."""
    actor = expo.organiser_actor()
    with database.write() as session:
        own = delegations.create_delegation(session, actor, DelegationForm("Hungarian Chamber"), now=NOW)
        session.flush()
        other = delegations.create_delegation(session, actor, DelegationForm("Zhejiang"), now=NOW)
        session.flush()
        assert (own, other) == ("g1", OTHER)
        membership.add_firm(session, actor, own, "f0", now=NOW)
        membership.add_person(session, actor, own, expo.people[1][0].key, now=NOW)
        membership.add_firm(session, actor, other, "f2", now=NOW)
        account = make_member(
            session, expo, TeamRole.VIEWER, account=make_account(session, "k@chamber.example")
        )
        change(session, expo, account.id, TeamRole.DELEGATION_MANAGER, "g1")
        return chamber(session, expo, account.id)


def change(session: Session, expo: Expo, account_id: int, role: TeamRole, *keys: str) -> None:
    members.change_member(
        session, expo.organiser_actor(), account_id, role=role, until=None, delegations=keys, now=NOW
    )


def chamber(session: Session, expo: Expo, account_id: int) -> Actor:
    return actors.actor_for(session, account_id, expo.event.key, now=NOW)


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, firms=4, people=2)


def test_it_sees_its_own_delegation_with_its_people_and_no_other(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    with database.read() as session:
        assert [row.key for row in delegations.list_delegations(session, actor).items] == ["g1"]
        assert delegation_lookup.list_delegation_names(session, actor) == [("g1", "Hungarian Chamber")]
        people = delegations.get_delegation(session, actor, "g1").members.people
        assert [each.person.key for each in people] == [
            *(person.key for person in expo.people[0]),
            expo.people[1][0].key,
        ]
        assert make_print_pack(session, actor, "g1")[0] == "Hungarian Chamber"
        agendas.firm_agenda(session, actor, "f0")
        agendas.attendee_agenda(session, actor, expo.people[1][0].key)
        for look in (
            lambda: delegations.get_delegation(session, actor, OTHER),
            lambda: make_print_pack(session, actor, OTHER),
            lambda: agendas.firm_agenda(session, actor, "f1"),
            lambda: agendas.attendee_agenda(session, actor, expo.people[1][1].key),
            lambda: search.search_firms(session, actor),
            lambda: members.get_team(session, actor, now=NOW),
            lambda: request_table.list_requests(session, actor, delegation=OTHER),
        ):
            with pytest.raises(NotFound):
                look()


def test_it_says_who_leads_but_not_who_belongs(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    with database.write() as session:
        form = delegations.get_delegation(session, actor, "g1").form
        delegations.change_delegation(
            session, actor, "g1", replace(form, leader=expo.people[0][1].key), now=NOW
        )
    with database.read() as session:
        assert delegations.get_delegation(session, actor, "g1").form.leader == expo.people[0][1].key
    for step in (
        lambda session: delegations.change_delegation(session, actor, OTHER, form, now=NOW),
        lambda session: membership.add_firm(session, actor, "g1", "f2", now=NOW),
        lambda session: membership.remove_firm(session, actor, "g1", "f0", now=NOW),
        lambda session: delegations.remove_delegation(session, actor, "g1", now=NOW),
        lambda session: delegations.create_delegation(session, actor, form, now=NOW),
    ):
        with database.write() as session, pytest.raises(NotFound):
            step(session)


def test_it_answers_for_its_firm_and_the_trail_says_so(database: Database, expo: Expo) -> None:
    with database.write() as session:
        asked = make_request(session, expo, 3, 0, state=RequestState.PENDING).key
        sent = make_request(session, expo, 0, 2, state=RequestState.PENDING).key
        foreign = make_request(session, expo, 1, 2, state=RequestState.PENDING).key
    actor = with_chamber(database, expo)
    with database.read() as session:
        seen = {row.key for row in request_table.list_requests(session, actor).items}
        assert seen == {asked, sent} and request_table.count_states(session, actor)[""] == 2
    with database.write() as session, pytest.raises(NotFound):
        request_table.take_step(session, actor, [foreign], "accept", now=NOW)
    with database.write() as session:
        taken = request_table.take_step(session, actor, [asked, sent], "accept", now=NOW)
    assert (taken.done, taken.refused) == (1, ("Only the company whose turn it is can do this.",))
    with database.write() as session:
        assert request_table.take_step(session, actor, [sent], "withdraw", now=NOW).done == 1
    with database.read() as session:
        noted = session.scalars(
            select(AuditLogEntry).where(AuditLogEntry.act == "request").order_by(AuditLogEntry.id)
        )
        assert [(each.about, each.for_firm, each.account_id) for each in noted] == [
            (f"accept: {asked}", "f0", actor.account_id),
            (f"withdraw: {sent}", "f0", actor.account_id),
        ]


def test_a_firm_that_left_the_delegation_is_not_theirs_any_more(database: Database, expo: Expo) -> None:
    actor = with_chamber(database, expo)
    with database.write() as session:
        membership.remove_firm(session, expo.organiser_actor(), "g1", "f0", now=NOW)
    with database.read() as session:
        later = chamber(session, expo, actor.account_id or 0)
        with pytest.raises(NotFound):
            agendas.firm_agenda(session, later, "f0")


def test_an_invitation_names_delegations_and_lets_into_these_alone(database: Database, expo: Expo) -> None:
    with_chamber(database, expo)

    def invite(session: Session, *keys: str) -> str:
        return invitations.send_invitation(
            session, expo.organiser_actor(), "new@chamber.example", role=TeamRole.DELEGATION_MANAGER,
            until=None, delegations=keys, language="hu", settings=SETTINGS, now=NOW,
        )  # fmt: skip

    for keys in ((), ("g1", "g9"), ("g9",)):
        with database.write() as session, pytest.raises(InvalidInput) as raised:
            invite(session, *keys)
        assert [fault.path for fault in raised.value.faults] == ["delegations"]
    with database.write() as session:
        invite(session, "g1", OTHER)
        (card,) = members.get_team(session, expo.organiser_actor(), now=NOW).invitations
        assert [each.key for each in card.delegations] == ["g1", OTHER]
        # its key may be reused later: invitees must not get the new record
        delegations.remove_delegation(session, expo.organiser_actor(), OTHER, now=NOW)
        delegations.create_delegation(
            session, expo.organiser_actor(), DelegationForm("Somebody else's"), now=NOW
        )
        session.flush()
        (card,) = members.get_team(session, expo.organiser_actor(), now=NOW).invitations
        assert [each.key for each in card.delegations] == ["g1"]


def test_another_role_or_removal_ends_what_it_saw(database: Database, expo: Expo) -> None:
    account_id = with_chamber(database, expo).account_id or 0
    with database.write() as session:
        change(session, expo, account_id, TeamRole.HELP_DESK, "g1")
        assert chamber(session, expo, account_id).managed is None
        assert session.scalars(select(TeamDelegation)).all() == []
        change(session, expo, account_id, TeamRole.DELEGATION_MANAGER, "g1", OTHER)
        assert len(chamber(session, expo, account_id).managed.delegations) == 2  # type: ignore[union-attr]
        members.remove_member(session, expo.organiser_actor(), account_id, now=NOW)
        with pytest.raises(NotFound):
            actors.actor_for(session, account_id, expo.event.key, now=NOW)
        assert session.scalars(select(TeamDelegation)).all() == []


@pytest.fixture
def site_of_three(database: Database, broker_url: str) -> Site:
    return Site.of_three_firms(database, broker_url)


def test_its_pages_from_the_first_to_an_answer(site_of_three: Site) -> None:
    site, database = site_of_three, site_of_three.database
    with database.write() as session:
        key = make_request(session, site.expo, 2, 0, state=RequestState.PENDING).key
    actor = with_chamber(database, site.expo)
    with database.read() as session:
        browser = Browser(site.app, session.get_one(Account, actor.account_id))
    first = browser.get(site.path(""))
    assert "Hungarian Chamber" in first and "Zhejiang" not in first
    assert f'href="{site.path("/team")}"' not in first and "New delegation" not in first
    page = browser.get(site.path("/delegations/g1"))
    assert "Add members" not in page and "Remove" not in page and "Print pack" in page
    browser.get(site.path(f"/delegations/{OTHER}"), 404)
    listed = browser.get(site.path("/participants/requests"))
    assert f'value="{key}"' in listed and "Request for exhibitor" not in listed
    shown = browser.get(site.path(f"/requests/{key}"))
    assert f'href="{site.path("/firms/")}' not in shown, "no link to a page that it does not have"
    done = browser.post(site.path("/participants/requests/bulk"), keys=[key], verb="accept")
    assert (
        "Requests accepted on behalf of exhibitors: 1." in done
        and site.stored()[0].state is RequestState.ACCEPTED
    )
    for rest in ("/firms", "/firms/f0", "/team", "/participants/firms", "/venue", "/imports/", "/schedule"):
        browser.get(site.path(rest), 404)


def test_an_owner_invites_one_on_the_page(site_of_three: Site) -> None:
    site = site_of_three
    with site.database.write() as session:
        delegations.create_delegation(
            session, site.expo.organiser_actor(), DelegationForm("Hungarian Chamber"), now=NOW
        )
    browser = site.organiser()
    browser.get(site.path("/team"))
    form = {"email": "k@chamber.example", "role": "chamber", "language": "en"}
    wrong = browser.post(site.path("/team/invite"), 422, **form)
    assert re.search('id="delegations-(fault|error)"', wrong) and "hoose at least one delegation" in wrong
    page = browser.post(site.path("/team/invite"), **form, delegations="g1")
    assert "Invitation sent to k@chamber.example." in page and "Hungarian Chamber" in page
