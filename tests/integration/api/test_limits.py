"""Rate limits count by account, link or known token, and by network address only without one."""

from __future__ import annotations

import socket
import threading
from collections import Counter as Tally
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import RateLimitItemPerSecond
from sqlalchemy import func, insert, select

from api import limits
from api.rate_counter import Counter
from scheduler.config import Settings
from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import OutboxKind
from scheduler.domain.team import TeamRole
from scheduler.services.delivery.claims import claim_emails
from scheduler.services.delivery.email_routes import Routes
from scheduler.services.identity.sign_in import (
    make_sign_in_link,
    preview_sign_in_link,
    process_sign_in_requests,
)
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.storage.database import Database
from scheduler.storage.models import Account, SignInRequest
from tests.support import replies
from tests.support.api import Program, make_service_token, make_token
from tests.support.factories import NOW, SECRET_KEY, make_account, make_attendee, make_event, make_member
from tests.support.published import Published
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, as_shown, web_app

NOWHERE = "redis://127.0.0.1:1"
DEFAULTS = {
    field.name: field.default
    for field in Settings.__dataclass_fields__.values()
    if field.name.startswith("limit_")
}


class Clock:
    """The clock of rate limits."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    fake = SimpleNamespace(time=clock.time, monotonic=clock.time)
    for module in ("limits.storage.redis.time", "limits.storage.memory.time", "api.rate_counter.time"):
        monkeypatch.setattr(module, fake)
    return clock


@pytest.fixture(autouse=True)
def own_counts(broker_url: str) -> None:
    """Reset counters, because tests share a broker."""
    Counter(broker_url).reset()


def ask_for_a_link(client: FlaskClient, email: str) -> int:
    page = client.get("/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    return client.post("/sign-in", data={"csrf_token": token, "email": email}).status_code


def test_a_thousand_people_behind_one_address_ask_for_a_link_within_ten_minutes(
    database: Database, broker_url: str, clock: Clock
) -> None:
    app = web_app(database, broker_url, **DEFAULTS)
    for number in range(1000):
        clock.now += 0.6
        with app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.7"}):
            limits.require_sign_in(f"visitor{number}@firm{number % 60}.example")
            limits.require_sign_in(f"visitor{number}@firm{number % 60}.example")


def test_forty_different_people_ask_for_a_link_from_one_address_in_a_minute(
    database: Database, broker_url: str, clock: Clock
) -> None:
    with database.write() as session:
        people = [make_account(session).email for _ in range(40)]
    client = web_app(database, broker_url, **DEFAULTS).test_client()
    assert {ask_for_a_link(client, email) for email in people} == {200}


def test_of_forty_links_for_one_mail_address_five_are_sent_and_others_get_theirs(
    database: Database, broker_url: str, clock: Clock
) -> None:
    with database.write() as session:
        victim, other = make_account(session).email, make_account(session).email
    client = web_app(database, broker_url, **DEFAULTS).test_client()
    spellings = (victim, victim.upper(), f" {victim} ")
    answers = Tally(ask_for_a_link(client, spellings[number % 3]) for number in range(40))
    assert answers == {200: 5, 429: 35}
    assert ask_for_a_link(client, other) == 200
    clock.now += 15 * 60 + 0.5
    assert ask_for_a_link(client, victim) == 200


def test_a_stranger_keeps_nobody_from_a_link_and_the_page_says_which_links_work(
    database: Database, broker_url: str, clock: Clock
) -> None:
    with database.write() as session:
        victim = make_account(session).email
    app = web_app(database, broker_url, **DEFAULTS)
    stranger, own = app.test_client(), app.test_client()
    stranger.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    own.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert Tally(ask_for_a_link(stranger, victim) for _ in range(7)) == {200: 5, 429: 2}
    assert Tally(ask_for_a_link(own, victim) for _ in range(5)) == {200: 5}
    token = own.get("/sign-in").text.split('name="csrf_token" value="')[1].split('"')[0]
    refused = own.post("/sign-in", data={"csrf_token": token, "email": victim})
    page = as_shown(refused.text)
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    assert "A link that has arrived works for 15 minutes, until you sign in with one of them." in page
    assert "You can request a new link in 15 minutes." in page
    with database.write() as session:
        account = session.scalars(select(Account).where(Account.email == victim)).one()
        earlier, _ = (
            make_sign_in_link(session, account.id, secret_key=SECRET_KEY, now=NOW) for _ in range(2)
        )
        assert preview_sign_in_link(session, earlier, now=NOW).email == victim, "the older of two works"


def test_an_unknown_mail_address_is_limited_as_a_known_one(
    database: Database, broker_url: str, clock: Clock
) -> None:
    client = web_app(database, broker_url, **DEFAULTS).test_client()
    assert Tally(ask_for_a_link(client, "nobody@nowhere.example") for _ in range(8)) == {200: 5, 429: 3}


def test_fifteen_hundred_invented_tokens_are_one_asker(
    database: Database, broker_url: str, clock: Clock
) -> None:
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, broker_url, **DEFAULTS)
    client = app.test_client()
    answers = Tally(
        client.get("/api/v1/event", headers={"Authorization": f"Bearer cm_{number:032}"}).status_code
        for number in range(1500)
    )
    assert answers == {401: DEFAULTS["limit_unknown_token"], 429: 1500 - DEFAULTS["limit_unknown_token"]}
    assert client.get("/api/v1/event").status_code == 429, "no token is an unknown one"
    Program(app, make_token(database, expo.actor(0))).get("/event")


@pytest.mark.parametrize(
    "path",
    [
        "/answers/{}/",
        "/calendar/{}.ics",
        "/sign-in/{}",
        "/summaries/{}",
        "/respond/{}/accept",
        "/digests/{}",
    ],
)
def test_invented_links_are_one_asker_too(
    database: Database, broker_url: str, clock: Clock, path: str
) -> None:
    client = web_app(database, broker_url, limit_unknown_token=3).test_client()
    answers = [client.get(path.format(f"{number:032}")).status_code for number in range(5)]
    assert answers[3:] == [429, 429] and 429 not in answers[:3]


def test_all_tokens_of_an_account_in_an_event_share_its_calls(
    database: Database, broker_url: str, clock: Clock
) -> None:
    with database.write() as session:
        expo = make_event(session)
    app = web_app(database, broker_url, limit_api=2)
    first, again, other = (Program(app, make_token(database, expo.actor(i))) for i in (0, 0, 1))
    first.get("/event")
    again.get("/firms")
    assert again.get("/event", status=429)["status"] == 429
    other.get("/event")


@pytest.mark.parametrize("wait", [7, 60])
def test_who_waits_as_long_as_retry_after_says_gets_an_answer_and_not_before(
    database: Database, broker_url: str, clock: Clock, wait: int
) -> None:
    with database.write() as session:
        expo = make_event(session)
    program = Program(web_app(database, broker_url, limit_api=2), make_token(database, expo.actor(0)))

    def call() -> tuple[int, str | None]:
        response = program.client.get("/api/v1/event", headers=program.headers)
        return response.status_code, response.headers.get("Retry-After")

    assert call() == (200, None)
    clock.now += 60 - wait + 0.5
    assert call() == (200, None)
    assert call() == (429, str(wait))
    clock.now += wait - 0.75
    assert call() == (429, "1")
    clock.now += 0.75
    assert call() == (200, None)


def test_signed_in_people_behind_one_address_are_counted_apart(
    database: Database, broker_url: str, clock: Clock
) -> None:
    with database.write() as session:
        first, second = make_account(session), make_account(session)
    app = web_app(database, broker_url, limit_account=6)
    eager, other = Browser(app, first), Browser(app, second)
    answers = [eager.client.get("/").status_code for _ in range(8)]
    assert answers[0] == 200 and answers[-1] == 429
    other.get("/")
    clock.now += 0.5
    response = eager.client.get("/")
    assert "Try again in 60 seconds" in response.text and response.headers["Retry-After"] == "60"


def test_a_pdf_has_a_limit_of_its_own(database: Database, broker_url: str, clock: Clock) -> None:
    with database.write() as session:
        expo = make_event(session)
        second = make_attendee(session, expo, 0)
        accounts = [session.get_one(type(expo.organiser), p.account_id) for p in (expo.people[0][0], second)]
    app = web_app(database, broker_url, limit_costly=2)
    eager, other = (Browser(app, account) for account in accounts)
    path = f"/events/{expo.event.key}/agenda"
    assert [eager.client.get(f"{path}.pdf").status_code for _ in range(3)] == [200, 200, 429]
    assert eager.client.get(path).status_code == 200
    assert other.client.get(f"{path}.pdf").status_code == 200


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Too many attempts. Try again in 1 minute."),
        ("zh", "操作过于频繁，请在1分钟后再试。"),
        ("hu", "Túl sok próbálkozás. Próbálja újra 1 perc múlva."),
    ],
)
def test_a_link_that_is_used_too_often_says_so_in_the_language_of_its_mail(
    database: Database, broker_url: str, clock: Clock, language: str, sentence: str
) -> None:
    published = Published(database, language=language)
    client = web_app(database, broker_url, limit_link=2).test_client()
    links = [f"/answers/{replies.token(published.mail_to(i))}/" for i in (0, 1)]
    assert [client.get(links[0]).status_code for _ in range(2)] == [200, 200]
    clock.now += 0.5
    response = client.get(links[0])
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert sentence in response.text and f'lang="{language}"' in response.text
    assert client.get(links[1]).status_code == 200


def test_a_link_of_nobody_that_is_used_too_often_says_so_in_the_language_of_the_browser(
    database: Database, broker_url: str, clock: Clock
) -> None:
    client = web_app(database, broker_url, limit_unknown_token=1).test_client()
    asked = {"Accept-Language": "zh-CN,en;q=0.5"}
    assert client.get("/answers/unknown/", headers=asked).status_code == 404
    again = client.get("/answers/unknown/", headers=asked)
    assert again.status_code == 429 and "操作过于频繁" in again.text and 'lang="zh"' in again.text


class Hanging:
    """A broker that accepts connections and never responds."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.listener.getsockname()[1]}"

    def _take(self) -> None:
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    broker = Hanging()
    yield broker
    broker.listener.close()
    for connection in broker.taken:
        connection.close()


def test_when_the_broker_hangs_one_request_finds_out_and_all_are_counted_in_memory(hanging: Hanging) -> None:
    counter, item = Counter(hanging.url), RateLimitItemPerSecond(3, 60)
    answers = [counter.wait(item, "account", "1") > 0 for _ in range(20)]
    assert answers == [False] * 3 + [True] * 17
    assert len(hanging.taken) == 1
    counter._ask_again_at = 1.0  # long ago
    assert counter.wait(item, "account", "1") > 0
    assert len(hanging.taken) == 2, "it is asked again after a while"


def test_a_broker_that_is_back_counts_again(
    monkeypatch: pytest.MonkeyPatch, broker_url: str, hanging: Hanging
) -> None:
    item = RateLimitItemPerSecond(3, 60)
    first, second = Counter(hanging.url), Counter(broker_url)
    assert first.wait(item, "back") == 0
    first._shared, first._ask_again_at = second._shared, 1.0
    assert [first.wait(item, "back") > 0 for _ in range(4)] == [False, False, False, True]
    assert second.wait(item, "back") > 0


def test_each_network_of_the_old_and_the_new_internet_is_one_asker() -> None:
    app = Flask(__name__)

    def of(address: str) -> str:
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            return limits.network()

    assert of("198.51.100.7") == of("::ffff:198.51.100.7") != of("198.51.100.8")
    assert of("2001:db8:1:2::5") == of("2001:db8:1:2:ffff::9") != of("2001:db8:1:3::5")
    assert of("") == "local"


def test_a_browser_that_was_signed_in_is_let_in_though_strangers_use_up_its_network(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        account = make_account(session)
    app = web_app(database, broker_url, limit_sign_in=2, limit_sign_in_network=3)
    known, stranger, forged = Browser(app, account), Browser(app), Browser(app)
    known.post("/sign-out")
    for each in (known, stranger, forged):
        each.get("/sign-in")
    for number in range(3):
        stranger.post("/sign-in", email=f"nobody{number}@nowhere.example")
    stranger.post("/sign-in", 429, email=account.email)
    known.post("/sign-in", email=account.email)
    forged.client.set_cookie("known_browser", "InNvbWVib2R5Ig.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    forged.post("/sign-in", 429, email=account.email)
    known.post("/sign-in", email="other@nowhere.example")
    known.post("/sign-in", 429, email="third@nowhere.example")  # its own limit first, then the shared one


def test_a_site_with_many_networks_is_one_asker_of_registrations(database: Database, broker_url: str) -> None:
    app = web_app(database, broker_url, limit_register_network=3)

    def ask(address: str, number: int) -> None:
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            limits.require_registration(f"firm{number}@new.example", "expo")

    for number in range(3):
        ask(f"2001:db8:1:{number}::5", number)
    with pytest.raises(limits.Limited):
        ask("2001:db8:1:99::5", 4)
    ask("2001:db8:2:1::5", 5)


@pytest.mark.slow
def test_a_flood_of_strangers_leaves_sign_in_open_and_first(
    database: Database, broker_url: str, clock: Clock
) -> None:
    """21,000 forms for unknown addresses and 5,000 registration letters, with default limits."""
    with database.write() as session:
        known, event_id = make_account(session).email, make_event(session).event.id
    app = web_app(database, broker_url, **DEFAULTS)
    for network in range(7):
        with app.test_request_context(environ_base={"REMOTE_ADDR": f"203.0.113.{network}"}):
            for number in range(3_000):
                limits.require_sign_in(f"nobody{network}-{number}@nowhere.example")
    with database.write() as session:
        session.execute(
            insert(SignInRequest),
            [{"email": f"nobody{i}@nowhere.example", "errand": {}, "created_at": NOW} for i in range(21_000)],
        )
        flood = [
            NewLetter(
                letter="register",
                to_address=f"victim{i}@qq.com",
                language="en",
                seed=f"s{i}",
                about_event_id=event_id,
            )
            for i in range(5_000)
        ]
        letters.queue_letters(session, flood, now=NOW - timedelta(minutes=1))
    own = app.test_client()
    own.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    assert ask_for_a_link(own, known) == 200
    with database.write() as session:
        assert process_sign_in_requests(session, SETTINGS, now=NOW) == 21_001
        assert session.scalar(select(func.count()).select_from(SignInRequest)) == 0
        rates = Routes(EmailRates.parse(SETTINGS.mail_rates))
        first = claim_emails(
            session, worker="w", limit=100, secret_key=SECRET_KEY, now=NOW, urgent=True, routes=rates
        )
    assert [(row.to_address, row.kind) for row in first] == [(known, OutboxKind.SIGN_IN)]


def test_a_mailbox_has_five_registrations_a_day(database: Database, broker_url: str, clock: Clock) -> None:
    app = web_app(database, broker_url, **DEFAULTS)
    for number in range(5):
        clock.now += 60 * 60
        with app.test_request_context(environ_base={"REMOTE_ADDR": f"203.0.113.{number}"}):
            limits.require_registration(f"victim+{number}@firm.example", f"expo{number}")
    clock.now += 60 * 60
    with app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        with pytest.raises(limits.Limited):
            limits.require_registration("victim+9@firm.example", "another")
        clock.now += 24 * 60 * 60
        limits.require_registration("victim+9@firm.example", "another")


def test_an_event_whose_page_is_flooded_closes_no_other(
    database: Database, broker_url: str, clock: Clock
) -> None:
    app = web_app(database, broker_url, limit_register_event=3)
    for number in range(3):
        with app.test_request_context(environ_base={"REMOTE_ADDR": f"203.0.113.{number}"}):
            limits.require_registration(f"firm@firm{number}.example", "flooded")
    with app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.7"}):
        with pytest.raises(limits.Limited):
            limits.require_registration("firm@own.example", "flooded")
        limits.require_registration("firm@own.example", "other")


def test_one_mailbox_has_one_count_however_its_address_is_written(
    database: Database, broker_url: str, clock: Clock
) -> None:
    app = web_app(database, broker_url, **DEFAULTS)
    spellings = ("victim+{}@gmail.com", "v.i.c.tim+{}@googlemail.com", "victim@gmail.com")
    with app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.1"}):
        for number in range(5):
            limits.require_registration(spellings[number % 3].format(number), "expo")
        with pytest.raises(limits.Limited):
            limits.require_registration("victim+9@gmail.com", "expo")
        for number in range(95):
            limits.require_registration(f"firm{number}@firm.example", "expo")
        with pytest.raises(limits.Limited):
            limits.require_registration("firm99@firm.example", "expo")
    with app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.7"}):
        limits.require_registration("firm99@firm.example", "expo")


def test_requests_with_a_token_for_all_events_are_counted_together(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        first, second = make_event(session), make_event(session)
        make_member(session, second, TeamRole.ORGANISER, account=first.organiser)
    app = web_app(database, broker_url, limit_api=3)
    text = make_token(database, first.organiser_actor(), "runs:read", is_for_all_events=True)
    for expo in (first, second, first):
        Program(app, text, expo.event.key).get("/event")
    Program(app, text, second.event.key).get("/event", status=429)
    Program(app, make_token(database, first.organiser_actor())).get("/event")
    Program(app, make_service_token(database), second.event.key).get("/event")
