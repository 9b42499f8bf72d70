"""Why a request is unscheduled: each side sees people and times, limited to what it may know."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.domain.entities import OutboxKind, RequestState
from scheduler.domain.errors import NotAllowed, NotFound, WrongState
from scheduler.services.identity.actors import Actor
from scheduler.services.requests import help_requests, outcomes, request_lists
from scheduler.services.requests.unscheduled_reasons import Blocker, Explanation, HelpKind
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, Event, MeetingRequest, OutboxEmail, ScheduleVersion
from tests.support.factories import NOW, make_attendee, make_event, make_request, make_version
from tests.support.races import race
from tests.support.site import Site
from tests.support.web import web_app

OWN, THEIRS, NOBODY = Blocker.OWN, Blocker.THEIRS, Blocker.NOBODY


class Scene:
    """Firm 0 (an exhibitor, a colleague, a second exhibitor) asked firm 1; no schedule holds the meeting."""

    def __init__(self, database: Database, **request: Any) -> None:
        self.database = database
        with database.write() as session:
            self.expo = make_event(session, firms=3, people=2, slots="3 3")
            make_attendee(session, self.expo, 0, is_exhibitor=True)
            named = {"to_people": [self.expo.people[1][0]]} if request.pop("names", True) else {}
            self.request = make_request(session, self.expo, 0, 1, **named, **request)
            session.merge(self.expo.people[0][0]).max_per_day = 2
            self.version_id = make_version(session, self.expo, []).id

    def say(self, *rows: tuple[str, str, list[int]], reason: str = "person-cap", **more: Any) -> None:
        slots = self.expo.slots
        row = {
            "request": self.request.key, "reason": reason, "detail": "", "blockers": [], "remedies": [],
            "obstacles": [
                {"what": what, "who": who, "slots": [slots[i].key for i in at], "count": len(at)}
                for what, who, at in rows
            ],
        }  # fmt: skip
        with self.database.write() as session:
            session.get_one(ScheduleVersion, self.version_id).unscheduled = [row | more]

    def key(self, firm: int, number: int = 0) -> str:
        return self.expo.people[firm][number].key

    def read(self, actor: Actor) -> Explanation:
        with self.database.read() as session:
            card = request_lists.show_request(session, actor, self.request.key)
            return outcomes.list_outcomes(session, actor, [card])[card.key].why

    def rows(self, actor: Actor) -> list[tuple[str, Blocker, str, list[int], int | None]]:
        starts = [slot.start for slot in self.expo.slots]
        return [
            (
                row.what,
                row.whose,
                row.person.key if row.person else "",
                [starts.index(at) for at in row.times],
                row.limit,
            )
            for row in self.read(actor).rows
        ]

    def helps(self, actor: Actor) -> list[str]:
        return [each.kind.value for each in self.read(actor).helps]

    def letters(self) -> list[OutboxEmail]:
        with self.database.read() as session:
            return list(session.scalars(select(OutboxEmail).where(OutboxEmail.kind == OutboxKind.DESK)))


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def test_a_side_reads_its_own_reasons_and_of_the_other_only_whom_the_request_names(scene: Scene) -> None:
    me, colleague = scene.key(0), scene.key(0, 1)
    named, not_named = scene.key(1), scene.key(1, 1)
    scene.say(
        ("person-cap", me, [0, 1]), ("away", colleague, [0]), ("busy", named, [1]), ("busy", not_named, [2]),
        ("firm-cap", "f1", [3]), ("firm-cap", "f0", [4]), ("place-full", "", [5]),
    )  # fmt: skip
    assert scene.rows(scene.expo.actor(0)) == [
        ("person-cap", OWN, me, [0, 1], 2),
        ("away", OWN, colleague, [0], None),
        ("theirs", THEIRS, named, [1], None),
        ("theirs", THEIRS, "", [2], None),
        ("theirs", THEIRS, "", [3], None),
        ("firm-cap", OWN, "", [4], None),
        ("place-full", NOBODY, "", [5], None),
    ]
    assert [row[:4] for row in scene.rows(scene.expo.actor(1))] == [
        ("theirs", THEIRS, "", [0, 1]),
        ("busy", OWN, named, [1]),
        ("busy", OWN, not_named, [2]),
        ("firm-cap", OWN, "", [3]),
        ("theirs", THEIRS, "", [4]),
        ("place-full", NOBODY, "", [5]),
    ]


@pytest.mark.parametrize(("what", "limit"), [("days-cap", "max_days"), ("row-cap", "max_in_row")])
@pytest.mark.parametrize("own", [1, None])
def test_an_own_limit_is_told_to_the_own_side_alone(
    scene: Scene, what: str, limit: str, own: int | None
) -> None:
    with scene.database.write() as session:
        setattr(session.get_one(Attendee, scene.expo.people[0][0].id), limit, own)
    scene.say((what, scene.key(0), [0]))
    assert scene.rows(scene.expo.actor(0)) == [(what, OWN, scene.key(0), [0], own)]
    assert scene.rows(scene.expo.actor(1)) == [("theirs", THEIRS, "", [0], None)]


def test_people_of_the_other_side_who_are_not_named_are_one_row_a_day(scene: Scene) -> None:
    scene.say(("away", scene.key(1, 1), [0]), ("busy", scene.key(1, 1), [1]), ("busy", scene.key(1, 1), [3]))
    assert scene.rows(scene.expo.actor(0)) == [
        ("theirs", THEIRS, "", [0, 1], None),
        ("theirs", THEIRS, "", [3], None),
    ]


def test_what_helps_is_what_the_reader_may_do(database: Database) -> None:
    scene = Scene(database, length=2, slots=["x"], names=False)
    scene.say(("away", scene.key(0), [0]), ("busy", scene.key(0, 1), [0]), ("busy", scene.key(1), [1]))
    exhibitor, colleague = scene.expo.actor(0), scene.expo.actor(0, person=1)
    assert scene.helps(exhibitor) == [
        "my-times", "ask-colleague", "add-colleague", "shorter", "any-time", "ask-partner"
    ]  # fmt: skip
    assert scene.helps(colleague) == []
    assert scene.helps(scene.expo.actor(1)) == ["add-colleague", "ask-partner"]
    with database.write() as session:
        session.get_one(Event, scene.expo.event.id).colleagues = False
    assert "add-colleague" not in scene.helps(exhibitor)


def test_a_colleague_is_asked_once_by_a_mail_that_leads_to_the_request(scene: Scene) -> None:
    scene.say(("busy", scene.key(0, 1), [0]))
    actor, key = scene.expo.actor(0), scene.request.key
    with scene.database.write() as session:
        help_requests.ask_colleague(session, actor, key, scene.key(0, 1), now=NOW)
    (mail,) = scene.letters()
    assert mail.to_address == scene.expo.people[0][1].email and mail.payload["letter"] == "free"
    assert mail.payload["path"] == f"/events/{scene.expo.event.key}/requests/{key}"
    assert mail.payload["values"]["partner"] == "Firm 1" and mail.payload["values"]["by"] == "F0-P0"
    again = next(each for each in scene.read(actor).helps if each.kind is HelpKind.ASK_COLLEAGUE)
    assert again.requested_at == NOW
    with pytest.raises(WrongState, match="asked"), scene.database.write() as session:
        help_requests.ask_colleague(session, scene.expo.actor(0, person=2), key, scene.key(0, 1), now=NOW)
    assert len(scene.letters()) == 1


def test_of_two_who_ask_the_same_colleague_at_once_one_mail_goes_out(scene: Scene) -> None:
    key, person = scene.request.key, scene.key(0, 1)

    def ask(session: Any) -> None:
        with contextlib.suppress(WrongState):
            help_requests.ask_colleague(session, scene.expo.actor(0), key, person, now=NOW)

    race(scene.database, ask, ask, ask)
    assert len(scene.letters()) == 1


def test_the_other_firm_is_asked_through_who_knows_the_request(scene: Scene) -> None:
    with scene.database.write() as session:
        second = make_attendee(session, scene.expo, 1, is_exhibitor=True)
        session.get_one(MeetingRequest, scene.request.id).responded_by = second.id
    scene.say(("busy", scene.key(1), [0]))
    with scene.database.write() as session:
        assert help_requests.ask_partner(session, scene.expo.actor(0), scene.request.key, now=NOW) == "Firm 1"
    (mail,) = scene.letters()
    assert (mail.attendee_id, mail.payload["letter"]) == (second.id, "make_time")
    assert scene.read(scene.expo.actor(0)).helps[-1].requested_at == NOW
    assert scene.read(scene.expo.actor(1)).helps[-1].requested_at is None


def test_who_may_not_ask_asks_nobody(scene: Scene) -> None:
    key, expo = scene.request.key, scene.expo
    with scene.database.write() as session:
        for actor, person, error in (
            (expo.actor(0, person=1), scene.key(0), NotAllowed),
            (expo.actor(0), scene.key(0), NotFound),
            (expo.actor(0), scene.key(1), NotFound),
            (expo.actor(2), scene.key(2, 1), NotFound),
        ):
            with pytest.raises(error):
                help_requests.ask_colleague(session, actor, key, person, now=NOW)
        for step in (help_requests.shorten, help_requests.allow_any_time):
            with pytest.raises(NotAllowed):
                step(session, expo.actor(1), key)
        session.get_one(MeetingRequest, scene.request.id).state = RequestState.WITHDRAWN
        session.flush()
        with pytest.raises(WrongState):
            help_requests.ask_partner(session, expo.actor(0), key, now=NOW)
    assert scene.letters() == []


def test_a_shorter_meeting_and_any_time_are_the_asking_firm_s_to_allow(database: Database) -> None:
    scene = Scene(database, length=2, slots=["x"])
    with database.write() as session:
        help_requests.shorten(session, scene.expo.actor(0), scene.request.key)
        help_requests.allow_any_time(session, scene.expo.actor(0), scene.request.key)
        stored = session.get_one(MeetingRequest, scene.request.id)
        assert (stored.length, stored.slots) == (1, None)


@pytest.fixture
def shown(database: Database, broker_url: str) -> tuple[Scene, Site]:
    scene = Scene(database, length=2)
    return scene, Site(web_app(database, broker_url), database, scene.expo)


def test_the_page_names_person_side_and_day_with_a_button_each(shown: tuple[Scene, Site]) -> None:
    scene, site = shown
    scene.say(
        ("person-cap", scene.key(0), [0, 1]),
        ("away", scene.key(1, 1), [2]),
        ("busy", scene.key(0, 1), [3]),
    )
    browser, path = site.exhibitor(0), site.path(f"/requests/{scene.request.key}")
    page = browser.get(path)
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.sub(r"<[^>]+>", " ", row) for row in table.split("</tr>")]
    assert "F0-P0" in rows[0] and "You" in rows[0] and "Mon, 7 December 2026" in rows[0]
    assert "09:00" in rows[0] and "Your limit of 2 meetings per day has been reached" in rows[0]
    assert "Firm 1" in rows[1] and "Unavailable on their side" in rows[1]
    assert "F0-P1" in rows[2] and "Your colleague" in rows[2] and "In other meetings" in rows[2]
    assert "Tue, 8 December 2026" in rows[2] and "F1-P1" not in page
    assert "omebody" not in table
    for button in ("Ask F0-P1", "Add colleague", "Meet for 30 minutes", "Ask them"):
        assert f">{button}<" in page, button
    page = browser.post(f"{path}/help/ask-colleague", person=scene.key(0, 1), back=path)
    assert "Email sent to F0-P1." in page and "Asked on " in page and ">Ask F0-P1<" not in page
    page = browser.post(f"{path}/help/ask-colleague", person=scene.key(0, 1), back=path)
    assert "They&#39;ve already been asked." in page
    browser.post(f"{path}/help/shorter", back=path)
    assert site.stored()[0].length == 1
    browser.post(f"{path}/help/nothing", 404)
    theirs = site.exhibitor(1).get(path)
    assert "F0-P0" not in theirs.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "Busy or unavailable" in theirs


@pytest.mark.parametrize(
    ("limit", "who", "own", "said"),
    [
        ("max_days", 0, 1, "Your limit of 1 day with meetings has been reached"),
        ("max_days", 1, 2, "Their limit of 2 days with meetings has been reached"),
        ("max_days", 0, None, "Meetings on as many days as allowed"),
        ("max_in_row", 0, 3, "Your limit of 3 meetings in a row would be exceeded"),
        ("max_in_row", 1, 1, "Their limit of 1 meeting in a row would be exceeded"),
        ("max_in_row", 0, None, "Too many meetings in a row"),
    ],
)
def test_a_limit_is_named_if_it_is_the_own_one(
    shown: tuple[Scene, Site], limit: str, who: int, own: int | None, said: str
) -> None:
    scene, site = shown
    with scene.database.write() as session:
        setattr(session.get_one(Attendee, scene.expo.people[0][who].id), limit, own)
    what = {"max_days": "days-cap", "max_in_row": "row-cap"}[limit]
    scene.say((what, scene.key(0, who), [0]))
    assert said in site.exhibitor(0).get(site.path(f"/requests/{scene.request.key}"))


def test_the_first_page_says_who_and_not_the_sentence_that_the_page_has(shown: tuple[Scene, Site]) -> None:
    scene, site = shown
    scene.say(("person-cap", scene.key(0), [0]))
    page = site.exhibitor(0).get(site.path("/dashboard"))
    why = page.partition('class="reason">')[2].partition("</p>")[0]
    assert "F0-P0: Your limit of 2 meetings per day has been reached" in why and "Mon, 7 December 2026" in why
    assert "a required attendee has reached the daily meeting limit" not in page


def test_a_plan_without_them_has_its_reason_as_before(shown: tuple[Scene, Site]) -> None:
    scene, site = shown
    scene.say(reason="no-place")
    page = site.exhibitor(0).get(site.path(f"/requests/{scene.request.key}"))
    assert "No suitable booth or table is free" in page and "<tbody>" not in page
    assert ">Ask them<" in page
