"""QR codes of prints: current or changed, revealing nothing beyond the print."""

from __future__ import annotations

import re
from datetime import timedelta

import pymupdf
import pytest

from api import context
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.errors import NotAllowed
from scheduler.invites.catalogue import load_words
from scheduler.services.exports import print_codes
from scheduler.storage.database import Database
from scheduler.storage.models import Account, PrintCode
from tests.support.factories import NOW, make_request, meet
from tests.support.published import Published
from tests.support.publishing import SETTINGS, draft, publish
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


class Scene:
    def __init__(self, database: Database) -> None:
        self.published = Published(database)
        self.app = web_app(database, NOWHERE)
        self.visitor = Browser(self.app)
        self.expo = self.published.expo
        self.event = f"/events/{self.expo.event.key}"

    def browser(self, account_id: int) -> Browser:
        with self.published.database.read() as session:
            return Browser(self.app, session.get_one(Account, account_id))

    def code(self, pack: PrintPack, key: str, number: int = 1, minutes: int = 1) -> str:
        """Return the path in a sheet's code, printed `minutes` after the first publication."""
        with self.published.database.write() as session:
            made = print_codes.make_codes(
                session,
                self.expo.organiser_actor(),
                pack,
                {key: "en"},
                number,
                settings=SETTINGS,
                now=NOW + timedelta(minutes=minutes),
            )
        return made[key].removeprefix(SETTINGS.base_url)

    def says(self, path: str) -> str:
        page = self.visitor.get(path)
        return page[page.index("<main") :]


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def subjects(scene: Scene) -> list[tuple[PrintPack, str]]:
    place = scene.published.meeting.place
    return [
        (PrintPack.PEOPLE, scene.published.person(1).key),
        (PrintPack.FIRMS, scene.expo.firms[0].key),
        (PrintPack.PLACES, place),
    ]


def test_a_print_is_current_until_something_of_it_changes(scene: Scene) -> None:
    codes = [scene.code(*each) for each in subjects(scene)]
    for path in codes:
        assert re.fullmatch(r"/p/[a-z2-7]{32}", path)
        assert "Yes, this printout is current." in scene.says(path)
    scene.published.publish_again(slot=3)
    for path in codes:
        page = scene.says(path)
        assert "No, one meeting has changed" in page and "New time" in page and "was Monday" in page
        assert "@" not in page, "no address of mail"
    again = scene.code(*subjects(scene)[0], number=2, minutes=60)
    assert "Yes, this printout is current." in scene.says(again)


def test_a_withdrawn_meeting_is_cancelled_at_once_and_a_print_of_later_is_current(scene: Scene) -> None:
    subject = PrintPack.FIRMS, scene.expo.firms[1].key
    before = scene.code(*subject)
    scene.published.answer(0, "DECLINED")
    page = scene.says(before)
    assert "one meeting has changed" in page and "Cancelled" in page
    after = scene.code(*subject, minutes=6)
    assert after != before and "Yes, this printout is current." in scene.says(after)


def test_a_new_meeting_and_other_people_are_changes(scene: Scene) -> None:
    path = scene.code(PrintPack.FIRMS, scene.expo.firms[0].key)
    with scene.published.database.write() as session:
        other = make_request(session, scene.expo, 0, 2)
        planned = [meet(scene.published.request, scene.expo), meet(other, scene.expo, slot=4)]
        number = draft(session, scene.expo, planned)
        publish(session, scene.expo, number, number - 1, minutes=30)
    page = scene.says(path)
    assert "one meeting has changed" in page and ">New<" in page and scene.expo.firms[2].name in page


def test_a_code_is_used_again_for_the_same_sheet_and_kept_as_a_hash(scene: Scene) -> None:
    subject = subjects(scene)[0]
    assert scene.code(*subject) == scene.code(*subject, minutes=2)
    with scene.published.database.read() as session:
        (row,) = session.query(PrintCode).all()
    assert scene.code(*subject).rpartition("/")[2] not in (row.seed, row.token_hash)


def test_a_code_ends_with_the_event_and_a_wrong_one_is_not_found(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scene.code(*subjects(scene)[0])
    assert scene.visitor.client.get(f"/p/{'a' * 32}").status_code == 404
    monkeypatch.setattr(context, "now", lambda: scene.expo.slots[-1].end + timedelta(days=15))
    answer = scene.visitor.client.get(path)
    assert answer.status_code == 410 and b"The event is over" in answer.data


def test_agendas_and_packs_have_a_code_on_each_page_and_say_whose_and_which_version(scene: Scene) -> None:
    mine = scene.browser(scene.published.person(1).account_id)
    organiser = scene.browser(scene.expo.organiser.id)
    key = scene.expo.event.key
    for browser, path, name in (
        (mine, "agenda.pdf", f"-{key}-version-1.pdf"),
        (mine, "agenda/firm.pdf", f"-{key}-version-1.pdf"),
        (organiser, "exports/print/places.pdf", f"places-{key}-1.pdf"),
    ):
        answer = browser.client.get(f"{scene.event}/{path}")
        assert answer.headers["Content-Disposition"].strip('"').endswith(name)
        with pymupdf.open("pdf", answer.data) as document:
            for page in document:
                assert "Is this still current? Scan this code" in page.get_text()
                assert len(page.get_drawings()[0]["items"]) > 100
    assert scene.published.count(PrintCode) == 3


def test_nobody_makes_a_code_of_what_they_may_not_read(scene: Scene) -> None:
    person = scene.expo.people[0][0]
    with scene.published.database.write() as session:
        actor = scene.expo.actor(1)
        for pack, key in ((PrintPack.PEOPLE, person.key), (PrintPack.FIRMS, scene.expo.firms[0].key)):
            with pytest.raises(NotAllowed):
                print_codes.make_codes(session, actor, pack, {key: "en"}, 1, settings=SETTINGS, now=NOW)
        own = {scene.published.person(1).key: "en"}
        assert print_codes.make_codes(session, actor, PrintPack.PEOPLE, own, 1, settings=SETTINGS, now=NOW)


def test_a_print_speaks_the_language_of_who_scans_it_else_its_own(scene: Scene) -> None:
    path = scene.code(*subjects(scene)[0])
    said = {"en": "Yes, this printout is current.", "zh": load_words("zh").printed["current"]}
    for accepted, language in (("zh-CN,zh;q=0.9", "zh"), ("hu", "hu"), ("is,fo", "en"), ("", "en")):
        page = scene.visitor.client.get(path, headers={"Accept-Language": accepted}).text
        assert f'lang="{language}"' in page.partition(">")[2].partition(">")[0] + ">", accepted
        assert said.get(language, load_words(language).printed["current"]) in page
