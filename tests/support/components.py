"""Component catalogue, extracted from pages of one event: `python -m tests.support.components FOLDER`.

The parts are rendered by the pages' own templates, so the catalogue cannot drift.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask

from scheduler.services.directory.references import FirmRef
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.e2e.test_browser_axe import PAGES, whole
from tests.support import clocks
from tests.support.everything import Everything
from tests.support.factories import NOW
from tests.support.web import Browser, web_app

STATIC = Path(__file__).parents[2] / "api" / "static"
SHEETS = ("tokens.css", "system.css")
DRAWN_WITH = (*SHEETS, *sorted(path.name for path in STATIC.glob("*.css") if path.name not in SHEETS))
"""The design system, then the sheets of single pages."""
FILES = (*DRAWN_WITH, "face.woff2")
CATALOGUES = {
    "exhibitors": ("signed out", "attendee", "exhibitor", "stranger"),
    "organisers": ("organiser", "chamber", "operator"),
}
"""The readers of pages by catalogue page. Pages of other readers are in the second."""

_CLASS = re.compile(r"\.(-?[a-zA-Z_][\w-]*)")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{")
_OWN = (
    "id",
    "for",
    "headers",
    "list",
    "form",
    "name",
    "aria-labelledby",
    "aria-describedby",
    "aria-controls",
)
"""Attributes with IDs or names of the same page, which would clash on the catalogue page."""
_ACTS = re.compile(r"hx-|on|autofocus|action|formaction|src$|srcset")
_WHOLE = ("table", "ul", "ol", "dl", "svg")
_DRAWN = ("img", "input", "progress", "svg")
"""Elements that are seen without a text."""
MOST_WORDS = 250
"""Maximum number of words of a divisible part."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page: its HTML, its classes, and the page that it is from."""

    html: str
    classes: frozenset[str]
    page: str


def styled(*sheets: str) -> set[str]:
    """Return all classes with rules in the style sheets."""
    text = _COMMENT.sub("", "".join((STATIC / sheet).read_text("utf-8") for sheet in sheets))
    return {name for rule in _RULE.findall(text) if "@" not in rule for name in _CLASS.findall(rule)}


def parts(page: BeautifulSoup, path: str) -> Iterator[Part]:
    """Yield the blocks of a page, as complete as the size limit allows: sections, cards, tables."""
    for root in page.select("body > header, body > main, body > footer"):
        yield from _blocks(root, path)


def _blocks(block: Tag, path: str) -> Iterator[Part]:
    inner = [each for each in block.find_all(recursive=False) if isinstance(each, Tag)]
    is_small = len(block.get_text(" ").split()) <= MOST_WORDS or block.name in _WHOLE
    if block.name != "main" and (is_small or not inner):
        if not block.get_text(strip=True) and not block.find(_DRAWN):
            return  # a script fills it
        yield Part(_surrounded(block), frozenset(_classes(block)), path)
        return
    for each in inner:
        yield from _blocks(each, path)


def _surrounded(block: Tag) -> str:
    """Return a block in its ancestors below the main element, whose styles it depends on."""
    html = str(block)
    for each in block.parents:
        if each.name in ("main", "body"):
            break
        names = " ".join(each.get("class") or ())
        html = f'<div class="{names}">{html}</div>' if names else html
    return html


def _classes(block: Tag) -> Iterator[str]:
    for each in (block, *block.find_all(True)):
        yield from each.get("class") or ()


def chosen(found: Iterable[Part], wanted: set[str]) -> list[Part]:
    """Return a small set of parts that covers the wanted classes, by greedy set cover weighted by size."""
    rest, left, taken = list(found), set(wanted), []
    while rest := [part for part in rest if part.classes & left]:
        best = max(rest, key=lambda part: len(part.classes & left) / (400 + len(part.html)))
        taken.append(best)
        left -= best.classes
    return taken


def alone(part: Part, number: int) -> str:
    """Return the part for a page with others: its IDs are unique, nothing in it is hidden or active."""
    soup = BeautifulSoup(part.html, "html.parser")
    for script in soup.find_all(["script", "link"]):
        script.decompose()
    for each in soup.find_all(True):
        for name in list(each.attrs):
            if name in _OWN:
                value = each[name]
                names = value if isinstance(value, list) else str(value).split()
                each[name] = " ".join(f"p{number}-{one}" for one in names)
            elif name == "hidden" or _ACTS.match(name):
                del each[name]
        if each.get("aria-label"):  # landmark names must be unique
            each["aria-label"] = f"{each['aria-label']} ({number})"
        elif each.get("role") == "search":
            each["aria-label"] = f"Search ({number})"
        if each.name == "section":
            del each["aria-labelledby"]
        if each.name == "a" and each.get("href"):
            each["href"] = f"#part-{number}"
    return str(soup)


def pages(everything: Everything) -> Iterator[tuple[str, BeautifulSoup]]:
    """Yield all pages in the table of pages, for each role, and forms with errors."""
    for role, paths in PAGES.items():
        browser = Browser(everything.app)
        if role != "signed out":
            link = everything.link(everything.account(role))
            browser.get(link)
            browser.post(link)
        for path in paths:
            address = whole(path, everything.known)
            answer = browser.client.get(address)
            if answer.status_code < 500 and answer.mimetype == "text/html":
                yield f"{role}: {path}", BeautifulSoup(answer.text, "html.parser")
        for path in FORMS.get(role, ()):
            address = whole(path, everything.known)
            browser.get(address)
            answer = browser.client.post(address, data={"csrf_token": browser.token})
            yield f"{role}: {path} with faults", BeautifulSoup(answer.text, "html.parser")


FORMS: Mapping[str, tuple[str, ...]] = {"exhibitor": ("firms/f8/request",), "organiser": ("settings",)}
"""Forms that are submitted empty."""


def made() -> dict[str, list[Part]]:
    """Return the parts by catalogue."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        database = Database(f"sqlite:///{folder}/catalogue.db")
        upgrade_schema(database)
        clocks.hold(patch, NOW)
        everything = Everything(database, web_app(database, "redis://127.0.0.1:1"))
        found: dict[str, list[Part]] = {name: [] for name in CATALOGUES}
        for path, page in pages(everything):
            is_of_exhibitors = path.partition(":")[0] in CATALOGUES["exhibitors"]
            found["exhibitors" if is_of_exhibitors else "organisers"] += parts(page, path)
        small = _small(everything.app)
        database.dispose()
    return {name: [small, *chosen(each, styled(*SHEETS) - small.classes)] for name, each in found.items()}


_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Components of the pages of {name} · Chainmeet</title>
{sheets}
</head>
<body>
<main class="page">
<h1>Components of the pages of {name}</h1>
<p class="page-summary">Each part is as a page has it, with invented
names. Above it: the classes that it is the first to show. The colours
follow the scheme of your system, light or dark.</p>
{parts}
</main>
</body>
</html>
"""


_BASICS = Path(__file__).with_suffix(".html")
_TAGS = "good warn bad info brand outline dashed"
_AREAS = ("energy", "vehicles", "digital", "healthy", "agriculture", "manufacturing", "services")


def basics(app: Flask) -> str:
    """Return small elements with many states, as pages render them: areas, tiers, tags, messages, buttons."""
    named = (
        FirmRef("f0", "宁波华翔汽车", "Ningbo Huaxiang", "CN"),
        FirmRef("f1", "Duna Akkumulátor", "", "HU"),
    )
    with app.test_request_context("/"):
        return app.jinja_env.from_string(_BASICS.read_text("utf-8")).render(
            areas=_AREAS, names=named, tags=_TAGS.split()
        )


def _small(app: Flask) -> Part:
    """Return the first part of each catalogue."""
    html = basics(app)
    return Part(html, frozenset(_classes(BeautifulSoup(html, "html.parser"))), "components.html")


def page_of(name: str, found: list[Part]) -> str:
    """Return a page of the catalogue."""
    sheets = "\n".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in DRAWN_WITH)
    shown, seen = [], set[str]()
    wanted = styled(*SHEETS)
    for number, part in enumerate(found, 1):
        new = sorted((part.classes & wanted) - seen)
        seen |= part.classes
        shown.append(
            f'<section class="section" id="part-{number}"><p class="small muted"><b>{number}</b> '
            + " ".join(f"<code>.{each}</code>" for each in new)
            + f"</p>\n{alone(part, number)}</section>"
        )
    return _PAGE.format(name=name, sheets=sheets, parts="\n".join(shown))


def _draw_icons(sheet: Path) -> None:
    """Put the drawing of the icons into a style sheet: of a page from a file, browsers load no mask."""
    drawing = quote((STATIC / "icons.svg").read_text("utf-8"))
    text = re.sub(r"icons\.svg\?v=\w+", f"data:image/svg+xml,{drawing}", sheet.read_text("utf-8"))
    sheet.write_text(text, "utf-8")


def write(folder: Path) -> None:
    """Write the catalogue with its style sheets into a folder, which is recreated."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in FILES:
        shutil.copy(STATIC / file, folder)
    _draw_icons(folder / "system.css")
    for name, found in made().items():
        (folder / f"components-{name}.html").write_text(page_of(name, found), "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
