"""Refusing providers: each is slowed, paused and retried according to its replies, and no email is lost."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select, update

from scheduler.domain.emails.rates import EmailRates, email_domain
from scheduler.domain.entities import EmailFailure, OutboxKind, OutboxState, Refusal
from scheduler.services.delivery import email_routes, refusal_handling
from scheduler.services.delivery.email_routes import SERVER
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, EmailRoute, Event, OutboxEmail
from tests.integration.delivery.post import CONTENT, FREQUENCY, MINUTE, Post, Provider, claim, fill
from tests.integration.delivery.test_sending import FAILED, QUEUED, SENT
from tests.support.factories import NOW
from tests.unit.invites.test_transport import serving

pytestmark = pytest.mark.smtp


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mails", "words"),
    [(714, "550 no"), (98, "550 5.1.1 User unknown"), (98, "550 5.7.1 Policy"), (98, "554 5.4.5 Quota")],
)
def test_twelve_seconds_of_550_lose_no_mail_and_mark_nobody(
    database: Database, mails: int, words: str
) -> None:
    fill(database, mails)
    with serving(Provider(says=lambda _: words)) as server:
        post = Post(database, server)
        post.until_empty([0, 0.1, 0.2])
        refused = len(server.asked)
        server.says = lambda _: None
        assert post.states()[FAILED] == 0
        post.until_empty([1.1, 1.2, 31.2, 61.3, 92])
        assert post.states() == {SENT: mails}
    assert len(server.got()) == len(set(server.got())) == mails
    assert post.marked() == 0
    assert refused <= 40  # the circuit breaker stopped them
    with database.write() as session:
        refusal_handling.end_route_alerts(session, EmailRates(), now=NOW + 93 * MINUTE)
    assert [alert.resolved_at is not None for alert in post.alerts()] == [True]


def test_a_provider_that_limits_frequency_is_slowed_down_and_no_other(database: Database) -> None:
    fill(database, 70)
    with serving(Provider(says=lambda a: FREQUENCY if a.endswith("@qq.com") else None)) as server:
        post = Post(database, server)
        assert post.deliver(0) == 60
        assert post.states("qq.com") == {QUEUED: 10}
        assert sum(address.endswith("@qq.com") for address in server.asked) == 1
        assert post.deliver(0.9) == 0
        server.says = lambda _: None
        # After the pause a single probe, then one every half second: half the previous rate.
        assert post.deliver(1.01) == 10
        route = post.route("qq.com")
        assert route is not None and route.per_minute == email_routes.UNLIMITED / 2
        assert post.states() == {SENT: 70}
    assert post.alerts() == []
    assert post.marked() == 0


def test_pauses_get_longer_and_one_mail_is_tried_after_each(database: Database) -> None:
    fill(database, 20, ["qq.com"])
    with serving(Provider(says=lambda _: FREQUENCY)) as server:
        post = Post(database, server)
        tried = []
        for minute in range(64):
            before = len(server.asked)
            post.deliver(minute)
            tried += [minute] * (len(server.asked) - before)
    assert tried == [0, 1, 3, 7, 15, 31, 63]
    assert len(set(server.asked)) == len(server.asked)  # different emails: none exhausts its attempts
    (alert,) = post.alerts()  # half an hour is more than a request to slow down
    assert FREQUENCY[:40] in alert.reason and "qq.com" in alert.reason


def test_a_mail_that_is_refused_for_its_content_is_held_and_told_once(database: Database) -> None:
    fill(database, 30, ["qq.com"])
    bad = "p3@qq.com"
    with serving(Provider(says=lambda a: CONTENT if a == bad else None)) as server:
        post = Post(database, server)
        assert post.deliver(0) == 29
        (held,) = [row for row in post.rows("qq.com") if row.state is QUEUED]
        assert (held.to_address, held.failure) == (bad, EmailFailure.DEFERRED.value)
        assert held.next_attempt_at == NOW + 15 * MINUTE
        post.until_empty([5, 14.9])
        assert server.asked.count(bad) == 1
        post.deliver(15)
        assert server.asked.count(bad) == 2
        (alert,) = post.alerts()
        assert alert.reason == f"qq.com refuses emails. Its reply: Email to {bad} was not accepted: {CONTENT}"
        with database.read() as session:
            mails = session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.ALERT)).all()
            assert len(mails) == len({mail.to_address for mail in mails}) > 0
        server.says = lambda _: None
        assert post.deliver(15 + 60) == 1
        with database.write() as session:
            refusal_handling.end_route_alerts(session, EmailRates(), now=NOW + 76 * MINUTE)
    assert post.alerts()[0].resolved_at is not None


def test_a_provider_that_refuses_several_for_content_is_paused_and_goes_on_by_itself(
    database: Database,
) -> None:
    fill(database, 40, ["163.com", "firm.example"])
    with serving(Provider(says=lambda a: "554 DT:SPM 163" if a.endswith("@163.com") else None)) as server:
        post = Post(database, server)
        assert post.deliver(0) == 20
        assert sum(address.endswith("@163.com") for address in server.asked) == 3
        server.says = lambda _: None
        assert post.deliver(1.01) == 20  # a probe, then all, including the held ones
    assert post.states() == {SENT: 40}
    assert len(post.alerts()) == 1


def test_one_address_alone_says_nothing_about_its_provider(database: Database) -> None:
    fill(database, 1, ["qq.com"])
    with serving(Provider(says=lambda _: CONTENT)) as server:
        post = Post(database, server)
        post.until_empty([0, 15, 76])
    route = post.route("qq.com")
    assert route is not None
    assert (len(server.asked), route.refusals, route.paused_until) == (3, 1, None)


def test_a_dead_address_is_believed_after_two_refusals_half_an_hour_apart(database: Database) -> None:
    fill(database, 7)
    with serving(
        Provider(says=lambda a: "550 5.1.1 No such user" if a == "p2@firm.example" else None)
    ) as server:
        post = Post(database, server)
        assert post.deliver(0) == 6
        assert post.states("firm.example") == {QUEUED: 1}
        assert post.marked() == 0
        post.deliver(29)
        assert server.asked.count("p2@firm.example") == 1
        post.deliver(30)
    assert post.states("firm.example") == {FAILED: 1}
    with database.read() as session:
        (person,) = session.scalars(select(Attendee).where(Attendee.bounced_at.is_not(None)))
        assert person.email == "p2@firm.example" and "5.1.1 No such user" in person.bounce


def test_a_server_that_does_not_let_us_in_is_paused_and_told(database: Database) -> None:
    fill(database, 10)
    with serving(Provider(says=lambda _: "530 5.7.0 Authentication required", tells=False)) as server:
        post = Post(database, server)
        post.until_empty([0, 0.6, 0.9])
        assert len(server.asked) == 1
        server.says = lambda _: None
        post.until_empty([1.1, 1.7, 3])
    assert post.states() == {SENT: 10}
    assert "530" in post.alerts()[0].reason


def test_mails_to_a_provider_with_a_rate_go_one_after_the_other_and_others_at_once(
    database: Database,
) -> None:
    fill(database, 40, ["qq.com", "foxmail.com", "firm.example", "corp.example"])
    with database.write() as session:
        taken = []
        for second in range(4):
            routes = email_routes.load_routes(session, EmailRates.parse("qq.com,foxmail.com=60"))
            rows = claim(session, second / 60, routes)
            taken.append(Counter(row.domain in ("qq.com", "foxmail.com") for row in rows))
            session.execute(
                update(OutboxEmail).where(OutboxEmail.state == OutboxState.SENDING).values(state=SENT)
            )
    assert taken == [{False: 20, True: 1}, {True: 1}, {True: 1}, {True: 1}]


def test_a_rate_that_was_slowed_down_grows_again_until_it_is_the_usual_one() -> None:
    row = EmailRoute(name="qq.com", per_minute=10.0, slowed_at=NOW)
    rates = [email_routes.rate_per_minute(row, 60, NOW + minutes * MINUTE) for minutes in (0, 20, 40, 60)]
    assert rates == [10, 20, 40, 60]
    assert email_routes.rate_per_minute(row, None, NOW + 200 * MINUTE) is None
    assert email_routes.rate_per_minute(None, None, NOW) is None


def test_rows_that_say_nothing_any_more_are_deleted(database: Database) -> None:
    with database.write() as session:
        old = NOW - email_routes.FORGOTTEN_AFTER - MINUTE
        session.add(EmailRoute(name="old.example", refusal=Refusal.LATER, refusals=1, refused_at=old))
        session.add(EmailRoute(name="new.example", refusal=Refusal.LATER, refusals=1, refused_at=NOW))
        session.add(EmailRoute(name=SERVER, has_open_alert=True, refused_at=old, paused_until=NOW))
        session.flush()
        email_routes.delete_idle_routes(session, now=NOW)
        assert set(session.scalars(select(EmailRoute.name))) == {"new.example", SERVER}


def test_a_mail_keeps_the_domain_of_its_address(database: Database) -> None:
    fill(database, 3, ["QQ.com"])
    with database.read() as session:
        rows = session.scalars(select(OutboxEmail)).all()
        assert all(row.domain == email_domain(row.to_address) == row.domain.lower() for row in rows)
        assert session.scalars(select(Event.id)).first()


@pytest.mark.parametrize("text", ["qq.com", "qq.com=0", "qq.com=60 foxmail.com,qq.com=5", "=5", "a b=3"])
def test_rates_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not like|named before"):
        EmailRates.parse(text)


def test_greylisting_pauses_its_own_domain_and_not_the_mail_server(database: Database) -> None:
    """Each recipient is deferred once: more deferrals in a row than would pause the mail server."""
    fill(database, 42)
    known: set[str] = set()

    def greylists(address: str) -> str | None:
        if address in known:
            return None
        known.add(address)
        return "450 4.2.0 Greylisted, see http://postgrey.example/help"

    with serving(Provider(says=greylists)) as server:
        post = Post(database, server)
        post.deliver(0)
        server_route = post.route(SERVER)
        assert server_route is None or server_route.paused_until is None
        assert len(server.asked) == 5 * 7, "five of each domain, then it is paused"
        post.until_empty([1.01, 1.1, 2.1, 2.2, 3.3, 5, 7])
    assert post.states() == {SENT: 42}
    assert post.alerts() == []


def test_a_mail_server_in_trouble_is_paused_whoever_it_names(database: Database) -> None:
    fill(database, 42)
    with serving(Provider(says=lambda _: "451 4.3.0 Temporary lookup failure")) as server:
        post = Post(database, server)
        post.deliver(0)
        assert len(server.asked) == 20
        server_route = post.route(SERVER)
        assert server_route is not None and server_route.paused_until is not None
