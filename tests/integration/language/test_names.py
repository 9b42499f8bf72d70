"""Names as their owners write them, once, with a single full stop, on pages and in emails."""

from __future__ import annotations

import email
import email.policy
import html
import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.samples.expo import make_expo
from scheduler.services.delivery.rendering import render_email
from scheduler.storage.database import Database
from scheduler.storage.models import Event, OutboxEmail
from tests.e2e.test_browser_axe import PAGES, whole
from tests.support import clocks
from tests.support.everything import NOWHERE, Everything
from tests.support.factories import NOW
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app
from tests.unit.invites.test_digest import bodies, digest, item

FIRMS = [
    ("Kovács és Társa Bt.", "Kovacs es Tarsa Bt."),
    ("绵阳沃特电池有限公司", "Mianyang Wote Battery Co., Ltd."),
    ("Járműtechnika Zrt.", "Vehicle Engineering Plc."),
    ("Volt, Inc.", "Volt, Inc."),
]
PEOPLE = [
    ("Bodnár István", "Istvan Bodnar"),
    ("王芳", "Fang Wang"),
    ("Varga Boglárka Jr.", "Boglarka Varga Jr."),
    ("Uwe Jäger", "Uwe Jaeger"),
]
NEVER = [
    "Istvan Bodnar",
    "(Bodnár",
    "Boglarka",
    "Jaeger",
    "Kovacs es",
    "Vehicle Engineering",
    "Volt, Inc. (Volt",
]
"""Latin names whose owners use another script, and repeated names."""
IN_CHINESE = ["Fang Wang", "Mianyang"]
"""Names that readers of Chinese do not need."""
GLUE = [
    r".{0,25}(?<!\.)\.(?:\.(?!\.)|。).{0,9}",  # two full stops
    r".{0,25}[\u4e00-\u9fff）]\.(?=\s|$)",  # a Western one after Chinese
    r"(?m)^\s*[,;:，；。、)）”].{0,25}",  # a line that starts with closing punctuation
]
BLOCKS = (
    r"</?(?:p|div|li|ul|ol|h\d|td|th|tr|dt|dd|label|button|section|summary|option|legend|main)\b[^>]*>|<br>"
)


class Named(Everything):
    """An event with four kinds of names, and emails in one language."""

    language = "en"

    def _people(self, session: Session) -> None:
        super()._people(session)
        for number, firm in enumerate(self.expo.firms):
            firm.name, firm.latin_name = FIRMS[number % len(FIRMS)]
        people = [person for each in self.expo.people for person in each]
        for number, person in enumerate(people):
            person.name, person.latin_name = PEOPLE[number % len(PEOPLE)]
            person.mail_language = self.language
        for interpreter in self.expo.interpreters:
            interpreter.name, interpreter.latin_name = PEOPLE[0]
            interpreter.languages = [self.language, "en"]
            interpreter.mail_language = self.language
        event = session.get_one(Event, self.expo.event.id)
        event.language, event.contact = self.language, "Kovács Éva, Volt, Inc."
        event.digest_mails = True


@pytest.fixture(scope="module", params=["en", "hu", "zh"])
def named(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[Named]:
    path = tmp_path_factory.mktemp("names") / "test.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        patch.setattr(Named, "language", request.param)
        made = Named(database, web_app(database, NOWHERE))
        yield made
    database.dispose()


def texts_of(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the visible texts of an email, by the type of each part."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    yield "header", "\n".join(str(message[name]) for name in ("From", "To", "Subject"))
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "application/pdf":
            with pymupdf.open("pdf", part.get_content()) as document:
                yield kind, "\n".join(page.get_text() for page in document)
        elif kind == "text/calendar":
            unfolded = part.get_content().replace("\r\n ", "")
            yield kind, unfolded.replace("\\,", ",").replace("\\n", "\n")
        elif kind == "text/html":
            yield kind, seen(part.get_content())
        elif kind == "text/plain":
            yield kind, part.get_content()


def seen(page: str) -> str:
    """Yield the texts of a page, including spoken ones and tooltips, without fields."""
    page = re.sub(r"<(script|style|textarea|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r"<(dl|span|q|blockquote) class=\"recorded\".*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    spoken = re.findall(r"""\b(?:title|aria-label|placeholder|alt)="([^"]*)\"""", page)
    body = re.sub(r"<[^>]*>", "", re.sub(BLOCKS, "\n", re.sub(r"\s+", " ", page)))
    return re.sub(r"[\u2066-\u2069]", "", html.unescape("\n".join([body, *spoken])))


def faults(text: str, language: str) -> list[str]:
    """Return doubled or reversed names, and doubled or foreign full stops."""
    wrong = [name for name in (*NEVER, *(IN_CHINESE if language == "zh" else ())) if name in text]
    return wrong + [found[0] for each in GLUE for found in re.finditer(each, text)]


def test_every_mail_says_each_name_once_with_one_stop(named: Named) -> None:
    language, found, kinds = named.language, {}, set()
    with named.database.write() as session:
        for row in session.scalars(select(OutboxEmail)):
            if row.sign_in_link_id is not None:
                continue
            kinds.add(row.kind)
            for kind, text in texts_of(render_email(SETTINGS, row, {}).data):
                reads = row.payload.get("language") or row.payload.get("content", {}).get(
                    "language", language
                )
                if wrong := faults(text, reads):
                    found[row.kind, row.to_address, kind] = wrong
    assert found == {}
    assert {"invitation", "summary", "briefing", "desk"} <= kinds
    for firm, latin in FIRMS:
        made = digest(
            item(firm=firm, firm_latin=latin, person="Bodnár István", person_latin="Istvan Bodnar"),
            language=language, firm=names.display_both(firm, latin, language), contact="Volt, Inc.",
        )  # fmt: skip
        for text in bodies(made)[1:]:
            assert faults(seen(text) if "<html" in text else text, language) == []


@pytest.mark.parametrize("role", PAGES)
def test_every_page_says_each_name_once_with_one_stop(role: str, named: Named) -> None:
    browser = Browser(named.app, None if role == "signed out" else named.account(role))
    browser.client.set_cookie("language", named.language)
    found, looked = {}, 0
    for path in PAGES[role]:
        path = whole(path, named.known)
        answer = browser.client.get(path, follow_redirects=True)
        if answer.mimetype != "text/html":
            continue
        looked += 1
        if wrong := faults(seen(answer.text), named.language):
            found[path] = wrong
    assert looked and found == {}


@pytest.mark.parametrize("language", ["en", "hu", "zh"])
def test_every_name_of_the_demo_is_said_once_as_its_owner_writes_it(language: str) -> None:
    event = make_expo(seed=1)
    forms = {(one.name, one.latin_name) for one in (*event.firms, *event.attendees, *event.interpreters)}
    turned = 0
    for own, latin in forms:
        shown = names.display_both(own, latin, language)
        assert names.localize_joined(names.join_scripts(own, latin), language) == shown
        is_latin = all(unicodedata.name(letter).startswith("LATIN") for letter in own if letter.isalpha())
        is_chinese = not is_latin and not re.search(r"[^\W\d_a-zA-Z\u4e00-\u9fff]", own)
        reads = is_latin or (is_chinese and language == "zh")
        assert shown in ({own} if reads else {f"{latin} ({own})", f"{own} ({latin})"})
        assert names.display_single(own, latin, language) in {own, latin}
        turned += own.split()[0] == "Bodnár" or latin.split()[::-1] == own.split()
    assert len(forms) > 1_500 and turned
