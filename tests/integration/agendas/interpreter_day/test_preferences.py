"""An interpreter chooses language and time zone, with a derived language as default."""

from __future__ import annotations

import pytest

from chainmeet.accounts import account_link
from scheduler.domain.errors import NotFound
from scheduler.services.identity import preferences, sign_in
from scheduler.services.publishing.interpreter_notices import contents
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Interpreter
from tests.integration.agendas.interpreter_day.test_interpreter_day import ADDRESS, Scene, browser
from tests.support.factories import NOW, make_event, make_interpreter
from tests.support.publishing import SETTINGS


@pytest.fixture
def scene(database: Database) -> Scene:
    return Scene(database)


def reader(database: Database, interpreter: Interpreter) -> contents.InterpreterReader:
    with database.read() as session:
        event = session.get_one(Event, interpreter.event_id)
        return next(each for each in contents.list_interpreters(session, event) if each.id == interpreter.id)


def test_what_an_interpreter_chooses_holds_for_emails_pages_and_links(scene: Scene) -> None:
    mine = browser(scene)
    assert reader(scene.database, scene.own).language == "en", "as chosen before"
    page = mine.get(f"{scene.path}/preferences")
    assert 'name="timezone"' in page and "/preferences/emails" not in page
    mine.post(f"{scene.path}/preferences", language="hu", timezone="America/Chicago")
    found = reader(scene.database, scene.own)
    assert (found.language, found.timezone) == ("hu", "America/Chicago")
    assert 'lang="hu"' in mine.get(f"{scene.path}/interpreter-day")[:60]
    with scene.database.read() as session:
        assert preferences.account_language(session, scene.account.id) == "hu"
    other = reader(scene.database, scene.other)
    assert (other.language, other.timezone) == ("en", ""), "nobody else's"


def test_a_wrong_choice_is_named_and_changes_nothing(scene: Scene) -> None:
    mine = browser(scene)
    mine.get(f"{scene.path}/preferences")
    mine.post(f"{scene.path}/preferences", status=422, language="xx", timezone="Nowhere/Land")
    found = reader(scene.database, scene.own)
    assert (found.language, found.timezone) == ("en", "")


@pytest.mark.parametrize(
    ("name", "spoken", "language"),
    [
        ("林悦", ["en", "zh"], "zh"),
        ("Sören Hartmann", ["zh", "de", "en"], "en"),
        ("Kiss Réka", ["zh", "hu"], "hu"),
        ("Joanna Sutcliffe", ["zh"], "zh"),
    ],
)
def test_until_then_the_language_is_one_that_they_read(
    database: Database, name: str, spoken: list[str], language: str
) -> None:
    with database.write() as session:
        expo = make_event(session)
        interpreter = make_interpreter(session, expo, name=name, latin_name="X Y", languages=spoken)
    assert reader(database, interpreter).language == language


def test_the_command_line_has_a_link_before_the_first_sign_in(database: Database) -> None:
    with database.write() as session:
        make_interpreter(session, make_event(session), email=ADDRESS)
    assert "/sign-in/" in account_link(database, SETTINGS, ADDRESS.upper())
    with database.read() as session:
        assert sign_in.find_account(session, ADDRESS, now=NOW) is not None
    with pytest.raises(NotFound):
        account_link(database, SETTINGS, "nobody@interpreters.example")
