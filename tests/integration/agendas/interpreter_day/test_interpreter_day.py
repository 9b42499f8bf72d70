"""An interpreter signs in by the event's address, and sees only their own day."""

from __future__ import annotations

import pymupdf
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.services.agendas.interpreter_day import day as days
from scheduler.services.identity import actors, sign_in
from scheduler.services.schedule import agendas
from scheduler.storage.database import Database
from scheduler.storage.models import Account, PrintCode
from tests.support.factories import NOW, SECRET_KEY, make_event, make_interpreter, make_request, meet
from tests.support.publishing import draft, publish
from tests.support.queries import count_selects
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
ADDRESS = "lin.yue@interpreters.example"


class Scene:
    """Firms 0 and 1 meet with the interpreter, firms 0 and 2 without."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            self.expo = expo = make_event(session, firms=3, slots="4|4", halls=2, walking=6)
            for firm, language in enumerate(("zh", "hu", "en")):
                expo.people[firm][0].languages = [language]
            self.own = make_interpreter(
                session, expo, email=ADDRESS, name="林悦", latin_name="Lin Yue", mail_language="en"
            )
            self.other = make_interpreter(session, expo)
            with_own, without = make_request(session, expo, 0, 1), make_request(session, expo, 0, 2)
            self.request = with_own
            planned = [
                meet(with_own, expo, slot=1, interpreter=self.own),
                meet(without, expo, slot=2, interpreter=self.other),
            ]
            publish(session, expo, draft(session, expo, planned), None)
            self.account = sign_in.ensure_account(session, ADDRESS, now=NOW)
        self.path = f"/events/{expo.event.key}"

    def actor(self) -> actors.Actor:
        with self.database.read() as session:
            return actors.actor_for(session, self.account.id, self.expo.event.key, now=NOW)


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def browser(scene: Scene) -> Browser:
    return Browser(web_app(scene.database, NOWHERE), scene.account)


def test_the_address_of_an_interpreter_gets_a_link_and_an_account(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        make_interpreter(session, expo, email=ADDRESS)
        left = make_interpreter(session, expo, email="left@interpreters.example")
        left.withdrawn_at = NOW
    for email, is_known in ((ADDRESS.upper(), True), (left.email, False), ("x@y.example", False)):
        with database.write() as session:
            link = sign_in.queue_sign_in_email(
                session, email, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
            )
            assert (link is not None) == is_known
            found = session.scalar(select(Account).where(Account.email == email.lower()))
            assert (found is not None) == is_known


def test_signed_in_they_come_to_their_day_with_both_sides_and_what_they_speak(scene: Scene) -> None:
    page = browser(scene).get("/")
    first, second, third = scene.expo.firms
    assert "Interpreting" in page and scene.request.topics in page
    for firm in (first, second):
        assert firm.name in page
    assert third.name not in page, "not theirs"
    for language in ("Chinese", "Hungarian"):
        assert language in page


def test_nothing_else_of_the_event_is_theirs(scene: Scene) -> None:
    mine = browser(scene)
    key = scene.request.key
    for rest in (
        "agenda", "week", "firms", "dashboard", "tokens",
        "schedule", "team",
        f"requests/{key}", "requests/received", f"firms/{scene.expo.firms[0].key}/agenda", "agenda.pdf",
        f"people/{scene.expo.people[0][0].key}/agenda", "calendar-status/", "exports/",
        "participants/interpreters",
    ):  # fmt: skip
        assert mine.client.get(f"{scene.path}/{rest}").status_code == 404, rest
    other = make_browser_of_exhibitor(scene)
    for rest in ("interpreter-day", "interpreter-day/agenda.pdf"):
        assert other.client.get(f"{scene.path}/{rest}").status_code == 404


def make_browser_of_exhibitor(scene: Scene) -> Browser:
    with scene.database.read() as session:
        account = session.get_one(Account, scene.expo.people[0][0].account_id)
    return Browser(web_app(scene.database, NOWHERE), account)


def test_they_read_their_own_agenda_and_no_other_s(scene: Scene) -> None:
    actor = scene.actor()
    with scene.database.read() as session:
        own = agendas.interpreter_agenda(session, actor)
        assert [item.request_key for item in own.items] == [scene.request.key]
        assert agendas.interpreter_agenda(session, actor, scene.own.key) == own
        with pytest.raises(NotAllowed):
            agendas.interpreter_agenda(session, actor, scene.other.key)
        for person in (None, scene.expo.people[0][0].key):
            with pytest.raises(NotAllowed):
                agendas.attendee_agenda(session, actor, person)
        everybody = scene.expo.organiser_actor()
        assert agendas.interpreter_agenda(session, everybody, scene.other.key).items
        with pytest.raises(NotFound):
            agendas.interpreter_agenda(session, everybody, "nobody")


def test_a_withdrawn_interpreter_has_no_part_in_the_event(scene: Scene) -> None:
    with scene.database.write() as session:
        session.merge(scene.own).withdrawn_at = NOW
    with scene.database.read() as session, pytest.raises(NotFound):
        actors.actor_for(session, scene.account.id, scene.expo.event.key, now=NOW)


def test_the_print_is_a_page_a_day_with_a_code_and_is_for_who_has_a_meeting(scene: Scene) -> None:
    answer = browser(scene).client.get(f"{scene.path}/interpreter-day/agenda.pdf")
    name = answer.headers["Content-Disposition"]
    assert name.endswith(f"{scene.expo.event.key}-version-1.pdf")
    with pymupdf.open("pdf", answer.data) as document:
        said = document[0].get_text()
        assert scene.expo.firms[0].name in said and "Is this still current?" in said
    with scene.database.read() as session:
        assert session.scalars(select(PrintCode.subject_key)).all() == [scene.own.key]


def test_a_worker_of_its_own_keeps_the_page_for_its_reader_alone(scene: Scene) -> None:
    mine = browser(scene).client
    page, worker = (
        mine.get(f"{scene.path}/interpreter-day"),
        mine.get(f"{scene.path}/interpreter-day/worker.js"),
    )
    assert worker.headers["Service-Worker-Allowed"] == f"{scene.path}/interpreter-day"
    assert f'data-worker="{scene.path}/interpreter-day/worker.js"' in page.text
    manifest = mine.get(f"{scene.path}/interpreter-day/manifest.webmanifest").json
    assert manifest["start_url"] == f"{scene.path}/interpreter-day"
    other = make_browser_of_exhibitor(scene).client.get(f"{scene.path}/my-day")
    kept = [answer.headers["X-Kept-For"] for answer in (page, mine.get(page.request.path), other)]
    assert kept[0] == kept[1] != kept[2]


def test_a_day_takes_as_many_queries_for_any_number_of_meetings(scene: Scene) -> None:
    actor = scene.actor()

    def look(session: Session) -> int:
        return len(days.show_day(session, actor, None, now=NOW).upcoming)

    few = count_selects(scene.database, look)
    with scene.database.write() as session:
        requests = [make_request(session, scene.expo, 1, 2), scene.request]
        planned = [meet(each, scene.expo, slot=i, interpreter=scene.own) for i, each in enumerate(requests)]
        publish(session, scene.expo, draft(session, scene.expo, planned), 1, minutes=9)
    with scene.database.read() as session:
        assert look(session) == 2
    assert count_selects(scene.database, look) == few <= 16
