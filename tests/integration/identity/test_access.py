"""Authentication: who may sign in, by what, and how often."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import actors, api_clients, api_tokens, sign_in, tokens
from scheduler.services.identity.rights import Right
from scheduler.storage.database import Database
from scheduler.storage.models import ApiToken, Attendee, OutboxEmail, SignInLink, TeamMember
from tests.support.api import actor_for_token
from tests.support.factories import NOW, SECRET_KEY, make_account, make_event
from tests.support.threads import Step

MINUTE = timedelta(minutes=1)


def token_of(link: SignInLink) -> str:
    return tokens.derive_token(SECRET_KEY, tokens.SIGN_IN, link.seed)


def ask(session: Session, email: str, now: datetime = NOW) -> SignInLink | None:
    return sign_in.queue_sign_in_email(
        session, email, secret_key=SECRET_KEY, mail_domain="meet.example", now=now
    )


def test_a_token_has_160_bits_and_depends_on_key_purpose_and_seed() -> None:
    key, other = SecretKeys("k" * 32), SecretKeys("o" * 32)
    token = tokens.derive_token(key, "feed", "seed")
    assert len(token) == 32 and set(token) <= set("abcdefghijklmnopqrstuvwxyz234567")
    others = {tokens.derive_token(*parts) for parts in [(other, "feed", "seed"), (key, "sign_in", "seed")]}
    assert token == tokens.derive_token(key, "feed", "seed")
    assert token not in others and token != tokens.derive_token(key, "feed", "other")


def test_asking_to_sign_in_queues_one_mail_with_a_link_that_is_not_stored(database: Database) -> None:
    with database.write() as session:
        account = make_account(session, "Ann@Example.org ")
        link = ask(session, " ANN@example.org")
        mail = session.scalars(select(OutboxEmail)).one()
        assert (mail.kind, mail.to_address, mail.sign_in_link_id) == ("sign_in", "ann@example.org", link.id)
        assert link.token_hash == tokens.hash_token(token_of(link)) != token_of(link)
        assert sign_in.redeem_sign_in_link(session, token_of(link), now=NOW).account.id == account.id


def test_asking_with_an_unknown_address_queues_nothing(database: Database) -> None:
    with database.write() as session:
        assert ask(session, "who@example.org") is None
        assert ask(session, "\x00\ud800@example.org") is None
        assert session.scalars(select(OutboxEmail)).all() == []


def test_nobody_can_flood_a_mailbox_with_sign_in_links(database: Database) -> None:
    with database.write() as session:
        make_account(session, "ann@example.org")
        links = [ask(session, "ann@example.org") for _ in range(11)]
        assert [link is None for link in links] == [False] * 10 + [True]
        assert ask(session, "ann@example.org", NOW + sign_in.VALID - MINUTE) is None
        assert ask(session, "ann@example.org", NOW + sign_in.VALID) is not None


def test_a_link_works_once_and_says_so(database: Database) -> None:
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, make_account(session).id, secret_key=SECRET_KEY, now=NOW)
        sign_in.redeem_sign_in_link(session, token, now=NOW)
    with database.write() as session, pytest.raises(sign_in.UnusableLink, match="already used") as caught:
        sign_in.redeem_sign_in_link(session, token, now=NOW)
    assert caught.value.reason == "used"


def test_an_expired_link_says_so(database: Database) -> None:
    with database.write() as session:
        token = sign_in.make_sign_in_link(session, make_account(session).id, secret_key=SECRET_KEY, now=NOW)
        sign_in.preview_sign_in_link(session, token, now=NOW + 14 * MINUTE)
        with pytest.raises(sign_in.UnusableLink, match="expired"):
            sign_in.redeem_sign_in_link(session, token, now=NOW + 15 * MINUTE)


def test_a_link_that_was_never_made_says_so(database: Database) -> None:
    with database.write() as session, pytest.raises(NotFound, match="isn't valid"):
        sign_in.redeem_sign_in_link(session, "é\udcff", now=NOW)


def test_looking_at_a_link_does_not_use_it_up(database: Database) -> None:
    with database.write() as session:
        account = make_account(session)
        token = sign_in.make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=NOW)
    with database.read() as session:
        assert sign_in.preview_sign_in_link(session, token, now=NOW).email == account.email
    with database.write() as session:
        assert sign_in.redeem_sign_in_link(session, token, now=NOW).account.id == account.id


def test_an_account_is_made_once_for_an_address(database: Database) -> None:
    with database.write() as session:
        first = sign_in.ensure_account(session, "Ann@example.org", name="Ann", now=NOW)
        second = sign_in.ensure_account(session, "ann@example.org ", is_operator=True, now=NOW)
        assert (first.id, first.name, second.is_operator) == (second.id, "Ann", True)


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("are_many", [False, True])
def test_two_who_make_an_account_at_once_have_the_same(database: Database, are_many: bool) -> None:
    with database.write() as session:
        other = make_account(session, "bob@example.org").id

    def ensure() -> int:
        with database.write() as session:
            if are_many:
                return sign_in.ensure_accounts(session, {"ann@example.org": ""}, now=NOW)["ann@example.org"]
            return sign_in.ensure_account(session, "ann@example.org", now=NOW).id

    with database.write() as session:
        first = make_account(session, "ann@example.org").id
        waiting = Step(ensure)
        assert waiting.stands(database)
    assert waiting.done() == first != other


def test_an_account_has_its_roles_in_its_own_event_only(database: Database) -> None:
    with database.write() as session:
        here, there = make_event(session), make_event(session)
        person = here.people[1][0]
        assert actors.actor_for(session, person.account_id, here.event.key, now=NOW) == replace(
            here.actor(1), language="en", country=here.firms[1].country
        )
        organiser = actors.actor_for(session, here.organiser.id, here.event.key, now=NOW)
        assert organiser == here.organiser_actor()
        for account_id in (person.account_id, here.organiser.id):
            with pytest.raises(NotFound):
                actors.actor_for(session, account_id, there.event.key, now=NOW)
        for key in ("no-such-event", "\x00", "\ud800"):
            with pytest.raises(NotFound):
                actors.actor_for(session, person.account_id, key, now=NOW)


def test_events_of_an_account_come_with_its_roles(database: Database) -> None:
    with database.write() as session:
        first, second = make_event(session), make_event(session)
        make_event(session)
        session.add(
            TeamMember(
                event_id=second.event.id, account_id=first.people[0][0].account_id, role=TeamRole.OWNER
            )
        )
        session.flush()
        roles = actors.list_events(session, first.people[0][0].account_id, now=NOW)
        assert [(r.key, r.is_organiser, r.is_exhibitor, r.firm) for r in roles] == [
            (second.event.key, True, False, None),
            (first.event.key, False, True, "Firm 0"),
        ]


def test_an_api_token_acts_as_its_maker_within_its_scopes(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        actor = expo.organiser_actor()
        card, text = api_tokens.create_api_token(session, actor, "CRM", ["runs:read", "people:read"], now=NOW)
        row = session.get_one(ApiToken, card.id)
        assert row.token_hash == tokens.hash_token(text) and text not in row.token_hash
        made = actor_for_token(session, text, now=NOW)
        assert (made.account_id, made.is_organiser, made.api_token_id) == (actor.account_id, True, row.id)
        made.require(Right.READ_RUNS)
        with pytest.raises(NotAllowed, match="runs:write"):
            made.require(Right.MANAGE_RUNS)


def test_a_token_gives_no_power_that_its_maker_has_lost(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        _, text = api_tokens.create_api_token(session, expo.actor(0), "CRM", ["requests:read"], now=NOW)
        session.delete(session.get_one(Attendee, expo.people[0][0].id))
        session.flush()
        with pytest.raises(NotFound):
            actor_for_token(session, text, now=NOW)


def test_an_exhibitor_cannot_give_what_only_organisers_have(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(InvalidInput) as caught:
            api_tokens.create_api_token(session, expo.actor(0), " ", ["runs:write", "nonsense"], now=NOW)
        assert [str(fault) for fault in caught.value.faults] == [
            "name: enter 1 to 120 characters",
            "scopes: 'nonsense' is not a scope you can grant",
            "scopes: 'runs:write' is not a scope you can grant",
        ]


def test_a_token_needs_a_scope(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(InvalidInput, match="scopes: choose at least one"):
            api_tokens.create_api_token(session, expo.organiser_actor(), "CRM", [], now=NOW)


def test_a_token_cannot_make_or_end_tokens(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        row, text = api_tokens.create_api_token(
            session, expo.organiser_actor(), "CRM", ["runs:write"], now=NOW
        )
        machine = actor_for_token(session, text, now=NOW)
        with pytest.raises(NotAllowed):
            api_tokens.create_api_token(session, machine, "More", ["runs:write"], now=NOW)
        with pytest.raises(NotAllowed):
            api_tokens.revoke_api_token(session, machine, row.id, now=NOW)


def test_a_revoked_token_is_not_found(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        actor = expo.organiser_actor()
        card, text = api_tokens.create_api_token(session, actor, "CRM", ["runs:read"], now=NOW)
        row = session.get_one(ApiToken, card.id)
        api_tokens.revoke_api_token(session, actor, row.id, now=NOW)
        api_tokens.revoke_api_token(session, actor, row.id, now=NOW + MINUTE)
        assert row.revoked_at == NOW and api_tokens.list_api_tokens(session, actor) == ()
        with pytest.raises(NotFound):
            actor_for_token(session, text, now=NOW)


def test_tokens_of_others_are_not_found(database: Database) -> None:
    with database.write() as session:
        here, there = make_event(session), make_event(session)
        row, _ = api_tokens.create_api_token(session, here.actor(0), "CRM", ["requests:read"], now=NOW)
        for stranger in (here.actor(1), there.organiser_actor()):
            assert api_tokens.list_api_tokens(session, stranger) == ()
            with pytest.raises(NotFound):
                api_tokens.revoke_api_token(session, stranger, row.id, now=NOW)
            with pytest.raises(NotFound):
                api_tokens.revoke_api_token(session, stranger, 10**30, now=NOW)
        assert [token.id for token in api_tokens.list_api_tokens(session, here.organiser_actor())] == [row.id]


def test_the_use_of_a_token_is_recorded_once_a_minute(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        row, text = api_tokens.create_api_token(session, expo.actor(0), "CRM", ["requests:read"], now=NOW)

    def used_at(now):
        with database.write() as session:
            api_clients.record_use(session, api_clients.find_client(session, text, now=now), now=now)
        with database.read() as session:
            return session.get_one(ApiToken, row.id).last_used_at

    assert used_at(NOW) == NOW
    assert used_at(NOW + MINUTE / 2) == NOW
    assert used_at(NOW + MINUTE) == NOW + MINUTE


def test_an_api_token_ends_on_its_day(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        _, usual = api_tokens.create_api_token(session, expo.organiser_actor(), "CRM", ["runs:read"], now=NOW)
        _, short = api_tokens.create_api_token(
            session, expo.organiser_actor(), "ERP", ["runs:read"], days=30, now=NOW
        )
        actor_for_token(session, short, now=NOW + timedelta(days=30) - MINUTE)
        for text, days in ((short, 30), (usual, 90)):
            with pytest.raises(NotFound):
                actor_for_token(session, text, now=NOW + timedelta(days=days))
        with pytest.raises(InvalidInput, match="days: choose one of these: 30, 90, 180, 365"):
            api_tokens.create_api_token(
                session, expo.organiser_actor(), "ERP", ["runs:read"], days=10_000, now=NOW
            )


def test_a_token_never_has_more_than_its_maker_had_when_it_was_made(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        person = expo.people[0][0]
        _, text = api_tokens.create_api_token(session, expo.actor(0), "CRM", ["requests:read"], now=NOW)
        session.add(TeamMember(event_id=expo.event.id, account_id=person.account_id, role=TeamRole.OWNER))
        session.flush()
        made = actor_for_token(session, text, now=NOW)
        assert (made.is_organiser, made.is_exhibitor, made.firm_id) == (False, True, expo.firms[0].id)
        session.get_one(Attendee, person.id).is_exhibitor = False
        session.flush()
        assert actor_for_token(session, text, now=NOW).is_exhibitor is False
        session.get_one(Attendee, person.id).firm_id = expo.firms[1].id
        session.flush()
        with pytest.raises(NotFound):
            actor_for_token(session, text, now=NOW)


def test_an_account_has_at_most_twenty_tokens_of_an_event(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        actor = expo.actor(0)
        made = [
            api_tokens.create_api_token(session, actor, "CRM", ["requests:read"], now=NOW)[0]
            for _ in range(20)
        ]
        with pytest.raises(InvalidInput, match="you already have 20 tokens"):
            api_tokens.create_api_token(session, actor, "CRM", ["requests:read"], now=NOW)
        api_tokens.create_api_token(session, expo.actor(1), "CRM", ["requests:read"], now=NOW)
        api_tokens.create_api_token(session, other.actor(0), "CRM", ["requests:read"], now=NOW)
        api_tokens.revoke_api_token(session, expo.organiser_actor(), made[0].id, now=NOW)
        assert session.get_one(ApiToken, made[0].id).revoked_by == expo.organiser.id
        api_tokens.create_api_token(session, actor, "CRM", ["requests:read"], now=NOW)
