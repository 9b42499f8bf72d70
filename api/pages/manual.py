"""The guides of the manual as pages, and the section of them that explains each page.

The guides are those of `docs/`, which `api/manual` links to. They are rendered without raw HTML, and headings
of a translated guide have the IDs of the English one, so a link leads to the same section in each language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from apiflask import APIBlueprint
from flask import Flask, render_template, url_for
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from api.language import speaking
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role

blueprint = APIBlueprint("manual", __name__, enable_openapi=False, url_prefix="/help")

MANUAL = Path(__file__).parents[1] / "manual"
GUIDES = ("exhibitors", "organisers")

EXHIBITOR_SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "agenda": "your-agenda",
        "busy_times": "busy-times",
        "colleagues": "colleagues",
        "dashboard": "dashboard",
        "event_search": "find-companies-and-request-meetings",
        "firm_agenda": "your-agenda",
        "firms": "find-companies-and-request-meetings",
        "my_day": "my-day",
        "outcomes": "after-a-meeting",
        "preferences": "settings",
        "profile": "company-profile",
        "ranked_requests": "find-companies-and-request-meetings",
        "received": "respond-to-requests",
        "sent": "after-a-request-is-accepted",
        "week": "company-week",
    }
)
"""Section of the exhibitors' guide by menu entry. Other pages lead to its beginning."""
ORGANISER_SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "audit_log": "view-the-audit-log",
        "board": "move-meetings-on-the-board",
        "calendar_status": "calendar-status",
        "chain_report": "view-statistics-and-the-chain-report",
        "changes": "review-the-changes",
        "dashboard": "find-your-way-around",
        "delegations": "manage-delegations",
        "event_invitations": "invite-the-exhibitors",
        "event_requests": "follow-requests",
        "exports": "export-lists-agendas-and-print-packs",
        "failed_emails": "failed-emails",
        "fairness": "compare-fairness-levels",
        "fixes": "find-out-why-requests-are-unscheduled",
        "imports": "import-exhibitors-and-people",
        "inbox": "inbox",
        "overnight_settings": "set-up-overnight-runs",
        "participants_firms": "manage-participants",
        "participants_interpreters": "manage-participants",
        "participants_people": "manage-participants",
        "priorities": "set-scheduling-priorities",
        "registrations": "let-companies-register",
        "rehearsal": "rehearse-the-event-and-go-live",
        "scenarios": "try-scenarios",
        "schedule": "run-scheduling",
        "settings": "create-an-event",
        "statistics": "view-statistics-and-the-chain-report",
        "team": "share-the-work-with-a-team",
        "venue": "change-the-venue",
    }
)
"""Section of the organisers' guide by menu entry. Other pages lead to its beginning."""


@dataclass(frozen=True, slots=True)
class Guide:
    """A rendered guide. `sections` are the IDs and titles of its second-level headings."""

    title: str
    body: Markup
    sections: tuple[tuple[str, str], ...]
    language: str


def init_app(app: Flask) -> None:
    app.add_template_global(help_path)


@blueprint.get("/<any(exhibitors, organisers):name>")
def show_guide(name: str) -> str:
    """Show a guide, in the page's language if it is translated."""
    return render_template("manual.html", guide=read_guide(name, speaking.language()), here="")


def help_path(actor: Actor | None, here: str) -> str:
    """Return the URL of the section that explains a page, by its menu entry and the reader's role."""
    runs = actor is not None and (actor.is_organiser or actor.team_role is Role.VIEWER)
    sections = ORGANISER_SECTIONS if runs else EXHIBITOR_SECTIONS
    name = "organisers" if runs else "exhibitors"
    return url_for("manual.show_guide", name=name, _anchor=sections.get(here))


@lru_cache(maxsize=8)
def read_guide(name: str, language: str) -> Guide:
    """Return a guide in a language, or in English if there is no translation."""
    path = MANUAL / language / f"{name}.md"
    language = language if path.exists() else "en"
    english = _parse(MANUAL / f"{name}.md")
    tokens = english if language == "en" else _parse(path)
    ids = list(_heading_ids(english))
    sections = []
    for identifier, (opening, inline) in zip(ids, _headings(tokens), strict=True):
        opening.attrSet("id", identifier)
        if opening.tag == "h2":
            sections.append((identifier, inline.content))
    title = next(inline.content for opening, inline in _headings(tokens) if opening.tag == "h1")
    kept = _without_title(tokens)
    body = _markdown().renderer.render(kept, _markdown().options, {})
    return Guide(title, Markup(body), tuple(sections), language)  # noqa: S704 -- our own file, without raw HTML


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _parse(path: Path) -> list[Token]:
    tokens = _markdown().parse(path.read_text("utf-8"))
    for token in tokens:
        if token.children:
            token.children = list(_inline(token.children))
    return tokens


def _inline(children: list[Token]) -> Iterator[Token]:
    """Yield inline tokens without pictures, and without links to other files of the manual."""
    is_dropped = False
    for child in children:
        if child.type == "image":
            continue
        if child.type == "link_open":
            href = str(child.attrGet("href") or "")
            is_dropped = not href.startswith(("#", "https://", "http://"))
        if child.type in ("link_open", "link_close") and is_dropped:
            continue
        yield child


def _headings(tokens: list[Token]) -> Iterator[tuple[Token, Token]]:
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            yield opening, inline


def _heading_ids(tokens: list[Token]) -> Iterator[str]:
    """Yield the IDs of headings as the documentation site makes them, as in GitHub's anchors."""
    for _, inline in _headings(tokens):
        yield re.sub(r"[^\w\- ]", "", inline.content.lower()).strip().replace(" ", "-")


def _without_title(tokens: list[Token]) -> list[Token]:
    """Return the tokens without the title and without paragraphs that held only a picture."""
    kept: list[Token] = []
    tokens = tokens[3:] if tokens and tokens[0].tag == "h1" else tokens
    for at, token in enumerate(tokens):
        around = tokens[max(0, at - 1) : at + 2]
        inline = next((each for each in around if each.type == "inline"), None)
        is_empty = inline is not None and inline.children == []
        if is_empty and token.type in ("paragraph_open", "inline", "paragraph_close"):
            continue
        kept.append(token)
    return kept
