"""Team invitations: emailed in the reader's language, accepted once, revocable."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.invites.catalogue import languages
from scheduler.services.delivery import rendering
from scheduler.services.identity import actors
from scheduler.services.identity.rights import Role
from scheduler.services.participants.delegations import delegations
from scheduler.services.participants.delegations.delegations import DelegationForm
from scheduler.services.team import invitations, members
from scheduler.services.team.invitations import AcceptedInvitation, UnusableInvitation
from scheduler.storage.database import Database
from scheduler.storage.models import Account, OutboxEmail, TeamInvitation, TeamMember
from tests.integration.identity.test_readers import read
from tests.support.factories import NOW, Expo, make_event, make_member
from tests.support.publishing import SETTINGS
from tests.support.threads import Step
from tests.support.web import Browser, web_app

ADDRESS = "li.na@expo.example"
NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, name="China Supply Chain Expo")


@pytest.fixture
def app(database: Database) -> Flask:
    return web_app(database, NOWHERE)


def invite(
    session: Session, expo: Expo, role: TeamRole = TeamRole.ORGANISER, *, email: str = ADDRESS, **more: object
) -> str:
    """Return the emailed link's token."""
    given = {"until": None, "language": "en", **more}
    invitations.send_invitation(
        session, expo.organiser_actor(), email, role=role, settings=SETTINGS, now=NOW, **given
    )
    return token_of(newest(session))


def newest(session: Session) -> OutboxEmail:
    query = select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK).order_by(OutboxEmail.id.desc())
    return session.scalars(query.limit(1)).one()


def text_of(row: OutboxEmail) -> str:
    made = read(rendering.render_email(SETTINGS, row, {}).data)
    return f"{made['Subject']}\n{made.get_body(('plain',)).get_content()}"


def token_of(row: OutboxEmail) -> str:
    found = re.search(r"/team/([a-z2-7]+)", text_of(row))
    assert found is not None
    return found[1]


def test_who_takes_an_invitation_is_in_the_team(database: Database, expo: Expo) -> None:
    with database.write() as session:
        token = invite(session, expo, email=" Li.Na@Expo.example ")
        found = invitations.get_invitation(session, token, now=NOW)
        assert (found.email, found.role, found.by) == (ADDRESS, TeamRole.ORGANISER, expo.organiser.email)
        joined = invitations.accept_invitation(session, token, now=NOW)
        actor = actors.actor_for(session, joined.account_id, expo.event.key, now=NOW)
        assert actor.team_role is Role.ORGANISER
        assert session.get_one(Account, joined.account_id).email == ADDRESS
        with pytest.raises(UnusableInvitation, match="already used"):
            invitations.accept_invitation(session, token, now=NOW)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("role", TeamRole)
def test_the_mail_is_in_the_chosen_language(
    database: Database, expo: Expo, language: str, role: TeamRole
) -> None:
    with database.write() as session:
        form, own = (
            DelegationForm("Zhejiang"),
            {"delegations": ["g1"]} if role is TeamRole.DELEGATION_MANAGER else {},
        )
        delegations.create_delegation(session, expo.organiser_actor(), form, now=NOW)
        invite(session, expo, role, language=language, **own)
        said = text_of(newest(session))
    day = {
        "en": "Tuesday, 1 December 2026",
        "ar": "الثلاثاء، 1 ديسمبر 2026",
        "hu": "2026. december 1., kedd",
        "zh": "2026年12月1日",
    }[language]
    assert expo.event.name in said and day in said and expo.organiser.email in said
    assert "{" not in said


def test_a_link_is_of_no_use_after_a_week_or_after_the_last_day(database: Database, expo: Expo) -> None:
    with database.write() as session:
        token = invite(session, expo)
        with pytest.raises(UnusableInvitation):
            invitations.accept_invitation(session, token, now=NOW + timedelta(days=7))
        token = invite(session, expo, TeamRole.HELP_DESK, until=date(2026, 11, 25))
        with pytest.raises(UnusableInvitation):
            invitations.get_invitation(session, token, now=NOW + timedelta(days=2))


def test_a_second_invitation_replaces_the_first_and_one_can_be_taken_back(
    database: Database, expo: Expo
) -> None:
    with database.write() as session:
        first, second = invite(session, expo), invite(session, expo, TeamRole.HELP_DESK)
        with pytest.raises(UnusableInvitation):
            invitations.get_invitation(session, first, now=NOW)
        (card,) = members.get_team(session, expo.organiser_actor(), now=NOW).invitations
        invitations.revoke_invitation(session, expo.organiser_actor(), card.id, now=NOW)
        with pytest.raises(UnusableInvitation):
            invitations.accept_invitation(session, second, now=NOW)
        with pytest.raises(NotFound):
            invitations.revoke_invitation(session, expo.organiser_actor(), card.id, now=NOW)


def test_wrong_invitations_are_refused_by_field(database: Database, expo: Expo) -> None:
    with database.write() as session:
        wrong = [
            ({"email": "nobody"}, "email"),
            ({"email": expo.organiser.email}, "email"),
            ({"language": "tlh"}, "language"),
            ({"role": TeamRole.OWNER, "until": date(2027, 1, 1)}, "until"),
            ({"until": date(2020, 1, 1)}, "until"),
        ]
        for given, path in wrong:
            with pytest.raises(InvalidInput) as error:
                invite(session, expo, **given)
            assert [fault.path for fault in error.value.faults] == [path]
        member = actors.actor_for(
            session, make_member(session, expo, TeamRole.ORGANISER).id, expo.event.key, now=NOW
        )
        with pytest.raises(NotAllowed, match="Only an owner"):
            invitations.send_invitation(
                session, member, ADDRESS, role=TeamRole.HELP_DESK, until=None,
                language="en", settings=SETTINGS, now=NOW,
            )  # fmt: skip


def test_a_team_has_a_largest_size(database: Database, expo: Expo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MAX_MEMBERS", 2)
    with database.write() as session:
        invite(session, expo)
        invite(session, expo)  # the same address again
        with pytest.raises(InvalidInput, match="2 members and invitations"):
            invite(session, expo, email="another@expo.example")


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_of_two_who_take_one_invitation_at_once_one_succeeds(database: Database, expo: Expo) -> None:
    with database.write() as session:
        token = invite(session, expo)

    def take() -> AcceptedInvitation:
        with database.write() as session:
            return invitations.accept_invitation(session, token, now=NOW)

    outcomes = []
    for step in [Step(take) for _ in range(4)]:
        try:
            outcomes.append(step.done())
        except UnusableInvitation:
            outcomes.append(None)
    assert len([each for each in outcomes if each]) == 1


@pytest.mark.parametrize("role", [None, TeamRole.VIEWER, TeamRole.ORGANISER])
def test_the_open_invitations_of_who_is_no_owner_any_more_are_of_no_use(
    database: Database, expo: Expo, role: TeamRole | None
) -> None:
    with database.write() as session:
        other = make_member(session, expo, TeamRole.OWNER)
        token = invite(session, expo)
        actor = actors.actor_for(session, other.id, expo.event.key, now=NOW)
        if role is None:
            members.remove_member(session, actor, expo.organiser.id, now=NOW)
        else:
            members.change_member(session, actor, expo.organiser.id, role=role, until=None, now=NOW)
        with pytest.raises(UnusableInvitation):
            invitations.accept_invitation(session, token, now=NOW)


def test_an_owner_invites_and_the_reader_joins_by_the_pages(
    database: Database, app: Flask, expo: Expo
) -> None:
    owner, page = Browser(app, expo.organiser), f"/events/{expo.event.key}/team"
    assert "New invitation" in owner.get(page)
    form = {"email": "nobody", "role": "read-only", "until": "tomorrow", "language": "en"}
    refused = owner.post(f"{page}/invite", 422, **form)
    assert "enter a date, like 2027-06-25, or leave blank" in refused and 'value="nobody"' in refused
    sent = owner.post(f"{page}/invite", **{**form, "email": ADDRESS, "until": ""})
    assert f"Invitation sent to {ADDRESS}." in sent and "Revoke" in sent
    with database.read() as session:
        token = token_of(newest(session))
    guest = Browser(app)
    assert "Join the team? Role: Viewer" in guest.get(f"/team/{token}")
    joined = guest.post(f"/team/{token}")
    assert "joined the team" in joined
    assert "no longer works" in Browser(app).get(f"/team/{token}", status=410)
    assert "New invitation" not in guest.get(page)
    assert "Run now" not in guest.get(f"/events/{expo.event.key}/schedule")


def test_an_invitation_signs_nobody_in_for_an_account_that_was_there(
    database: Database, app: Flask, expo: Expo
) -> None:
    owner, page = Browser(app, expo.organiser), f"/events/{expo.event.key}/team"
    known = expo.people[0][0]
    with database.read() as session:
        account = session.get_one(Account, known.account_id)
    form = {"email": account.email, "role": "read-only", "until": "", "language": "en"}
    owner.post(f"{page}/invite", **form)
    with database.read() as session:
        token = token_of(newest(session))
    stranger = Browser(app)
    assert "You'll be signed in with this address" not in stranger.get(f"/team/{token}")
    taken = stranger.post(f"/team/{token}")
    assert (
        f"{account.email} has joined the team. Sign in with that address." in taken
        and 'name="email"' in taken
    )
    assert "Sign in" in stranger.get(page)
    assert "Team" in Browser(app, account).get(page)


def test_who_is_signed_in_takes_an_invitation_in_the_same_browser(
    database: Database, app: Flask, expo: Expo
) -> None:
    with database.read() as session:
        account = session.get_one(Account, expo.people[0][0].account_id)
    owner, page = Browser(app, expo.organiser), f"/events/{expo.event.key}/team"
    owner.post(f"{page}/invite", email=account.email, role="read-only", until="", language="en")
    with database.read() as session:
        token = token_of(newest(session))
    own = Browser(app, account)
    assert "joined the team" in own.post(f"/team/{token}")
    assert "Team" in own.get(page)


def test_an_open_browser_loses_the_event_at_once(database: Database, app: Flask, expo: Expo) -> None:
    with database.write() as session:
        account = make_member(session, expo, TeamRole.ORGANISER)
    member, owner = Browser(app, account), Browser(app, expo.organiser)
    page = f"/events/{expo.event.key}/team"
    assert account.email in owner.get(page) and "Members" in member.get(page)
    assert "removed from the team" in owner.post(f"{page}/members/{account.id}/remove")
    member.get(page, status=404)
    assert "The event needs an owner" in owner.post(f"{page}/members/{expo.organiser.id}/remove", status=409)
    with database.read() as session:
        assert session.scalars(select(TeamMember.account_id)).all() == [expo.organiser.id]
        assert not session.scalars(select(TeamInvitation)).all()


def test_a_last_day_is_set_and_shown_and_a_wrong_one_kept_as_typed(
    database: Database, app: Flask, expo: Expo
) -> None:
    with database.write() as session:
        account = make_member(session, expo, TeamRole.HELP_DESK)
    owner, page = Browser(app, expo.organiser), f"/events/{expo.event.key}/team"
    owner.get(page)
    step = f"{page}/members/{account.id}"
    wrong = owner.post(step, 422, role=TeamRole.HELP_DESK.value, until="2020-01-01")
    assert "enter a date that is not in the past" in wrong and 'value="2020-01-01"' in wrong
    assert "Thu, 24 December 2099" in owner.post(step, role=TeamRole.HELP_DESK.value, until="2099-12-24")


def test_each_error_of_a_member_stands_at_its_own_field(database: Database, app: Flask, expo: Expo) -> None:
    with database.write() as session:
        ids = [make_member(session, expo, TeamRole.HELP_DESK).id for _ in range(2)]
    owner, page = Browser(app, expo.organiser), f"/events/{expo.event.key}/team"
    owner.get(page)
    wrong = owner.post(f"{page}/members/{ids[0]}", 422, role="chief", until="tomorrow")
    said = dict(re.findall(r'id="([\w-]+)-error"><span[^>]*></span>([^<]*)<', wrong))
    assert said == {
        f"role-{ids[0]}": "Choose a role.",
        f"until-{ids[0]}": "Enter a date, like 2027-06-25, or leave blank.",
    }
    every = re.findall(r' id="([^"]+)"', wrong)
    assert len(every) == len(set(every)) and f"until-{ids[1]}" in every
