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
from flask import Flask, render_template, request, url_for
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from api.language import speaking
from scheduler.services.identity.actors import Actor

blueprint = APIBlueprint("manual", __name__, enable_openapi=False, url_prefix="/help")

MANUAL = Path(__file__).parents[1] / "manual"
GUIDES = ("exhibitors", "organisers", "operators")
_WRAPPED = re.compile("(?<=[\u3000-\u303f\u3400-\u9fff\uff00-\uffef”*])\n *(?=[\u3400-\u9fff“（]|[*][^ *])")
"""A line break within a Chinese paragraph. A browser shows it as a space, which Chinese doesn't have."""
_WITHOUT_ITALICS = frozenset({"ar", "zh"})
"""Languages whose script has no italics: names of buttons and pages are bold."""

SECTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "agenda": {"exhibitors": "your-agenda", "organisers": "export-lists-agendas-and-print-packs"},
        "archives": {"organisers": "copy-archive-or-delete-an-event"},
        "archives.list_all_events": {"operators": "move-archive-or-delete-an-event"},
        "audit_answers": {"operators": "processing-record"},
        "audit_log": {"organisers": "view-the-audit-log"},
        "audit_log.list_installation_entries": {"operators": "audit-log"},
        "board": {"organisers": "move-meetings-on-the-board"},
        "brand": {"organisers": "set-the-brand-of-the-event"},
        "busy_times": {"exhibitors": "busy-times"},
        "calendar_status": {"organisers": "calendar-status"},
        "calendar_status.list_failed_emails": {"organisers": "failed-emails"},
        "chain_report": {"organisers": "view-statistics-and-the-chain-report"},
        "changes": {"organisers": "review-the-changes"},
        "colleagues": {"exhibitors": "colleagues"},
        "compliance_answers": {"organisers": "answer-a-pipl-audit"},
        "create_from_workbook": {"organisers": "create-an-event"},
        "delegation_members": {"organisers": "manage-delegations"},
        "delegations": {"organisers": "manage-delegations"},
        "digest_links": {"exhibitors": "emails-about-requests"},
        "digests": {"exhibitors": "emails-about-requests"},
        "email_texts": {"organisers": "configure-emails"},
        "event_invitations": {"organisers": "invite-the-exhibitors"},
        "event_requests": {"organisers": "follow-requests"},
        "event_search": {
            "exhibitors": "find-companies-and-request-meetings",
            "organisers": "find-your-way-around",
        },
        "events": {"organisers": "create-an-event"},
        "exclusions": {"organisers": "follow-requests"},
        "exhibitor_dashboard": {"exhibitors": "dashboard"},
        "exports": {"organisers": "export-lists-agendas-and-print-packs"},
        "fairness": {"organisers": "compare-fairness-levels"},
        "firms": {"exhibitors": "find-companies-and-request-meetings", "organisers": "manage-participants"},
        "first_steps": {"exhibitors": "dashboard", "organisers": "find-your-way-around"},
        "fixes": {"organisers": "find-out-why-requests-are-unscheduled"},
        "imports": {"organisers": "import-exhibitors-and-people"},
        "imports.show_errors": {"organisers": "fix-errors-in-a-grid"},
        "inbox": {"organisers": "inbox"},
        "interpreter_day": {"organisers": "interpreters"},
        "my_day": {"exhibitors": "my-day"},
        "operators": {"operators": "pause-the-site"},
        "organiser_dashboard": {"organisers": "find-your-way-around"},
        "outcome_list": {"exhibitors": "after-a-meeting"},
        "own_consents": {"exhibitors": "privacy"},
        "overnight_settings": {"organisers": "set-up-overnight-runs"},
        "participants": {"organisers": "manage-participants"},
        "personal_data": {"exhibitors": "settings"},
        "preferences": {"exhibitors": "settings"},
        "print_status": {"exhibitors": "your-agenda"},
        "privacy_notice": {"organisers": "ask-for-consent"},
        "passkeys": {"exhibitors": "sign-in"},
        "processing_record": {"operators": "processing-record"},
        "priorities": {"organisers": "set-scheduling-priorities"},
        "profile": {"exhibitors": "company-profile"},
        "provider_sign_in": {"exhibitors": "sign-in"},
        "ranked_requests": {"exhibitors": "find-companies-and-request-meetings"},
        "registration_form": {"exhibitors": "sign-in"},
        "registrations": {"organisers": "let-companies-register"},
        "rehearsal": {"organisers": "rehearse-the-event-and-go-live"},
        "reminders": {"organisers": "handle-declines-and-pending-requests"},
        "reply_links": {"exhibitors": "invitations-and-replies"},
        "requests.list_all": {"exhibitors": "respond-to-requests", "organisers": "follow-requests"},
        "requests.list_received": {"exhibitors": "respond-to-requests", "organisers": "follow-requests"},
        "requests.list_sent": {
            "exhibitors": "after-a-request-is-accepted",
            "organisers": "follow-requests",
        },
        "requests.show_request": {
            "exhibitors": "when-a-request-is-not-scheduled",
            "organisers": "find-out-why-requests-are-unscheduled",
        },
        "requests.show_request_form": {"exhibitors": "find-companies-and-request-meetings"},
        "second_factor": {"exhibitors": "sign-in"},
        "retention": {"operators": "data-retention"},
        "runs": {"organisers": "run-scheduling"},
        "scenarios": {"organisers": "try-scenarios"},
        "sessions": {"exhibitors": "sign-in", "organisers": "sign-in"},
        "setup": {"exhibitors": "sign-in"},
        "sign_in": {"exhibitors": "sign-in"},
        "statistics": {"organisers": "view-statistics-and-the-chain-report"},
        "summary_unsubscribe": {"exhibitors": "settings"},
        "team": {"organisers": "share-the-work-with-a-team"},
        "team_invitations": {"organisers": "share-the-work-with-a-team"},
        "tokens": {"organisers": "give-other-programs-access-with-api-tokens"},
        "unassigned_emails": {"operators": "check-email"},
        "unavailability": {"organisers": "move-meetings-on-the-board"},
        "venue": {"organisers": "change-the-venue"},
        "versions": {"organisers": "review-the-changes"},
        "versions.confirm_publish": {"organisers": "publish-or-cancel"},
        "week": {"exhibitors": "company-week"},
    }
)
"""Section of each guide that explains a page, by endpoint, or by blueprint for its other pages."""


@dataclass(frozen=True, slots=True)
class Guide:
    """A rendered guide. `sections` are the IDs and titles of its second-level headings.

    `language` and `direction` are those of its text, which differ from the page's if there is no translation.
    """

    title: str
    body: Markup
    sections: tuple[tuple[str, str], ...]
    language: str
    direction: str


def init_app(app: Flask) -> None:
    app.add_template_global(help_path)


@blueprint.get("/<any(exhibitors, organisers, operators):name>")
def show_guide(name: str) -> str:
    """Show a guide, in the page's language if it is translated."""
    return render_template("manual.html", guide=read_guide(name, speaking.language()), here="")


def help_path(actor: Actor | None) -> str:
    """Return the URL of the section that explains the current page to its reader."""
    guide, section = find_section(
        request.endpoint or "", is_of_team=actor is not None and bool(actor.team_role)
    )
    return url_for("manual.show_guide", name=guide, _anchor=section)


def find_section(endpoint: str, *, is_of_team: bool) -> tuple[str, str | None]:
    """Return the guide and the section that explain a page to a member of the event's team, or to others.

    The section is None for pages without one: the link leads to the beginning of the guide.
    """
    guide = "organisers" if is_of_team else "exhibitors"
    sections = SECTIONS.get(endpoint) or SECTIONS.get(endpoint.partition(".")[0])
    if sections is None:
        return guide, None
    return (guide, sections[guide]) if guide in sections else next(iter(sections.items()))


@lru_cache(maxsize=8)
def read_guide(name: str, language: str) -> Guide:
    """Return a guide in a language, or in English if there is no translation."""
    path = MANUAL / language / f"{name}.md"
    language = language if path.exists() else "en"
    english = _parse(MANUAL / f"{name}.md", "en")
    tokens = english if language == "en" else _parse(path, language)
    ids = list(_heading_ids(english))
    sections = []
    for identifier, (opening, inline) in zip(ids, _headings(tokens), strict=True):
        opening.attrSet("id", identifier)
        if opening.tag == "h2":
            sections.append((identifier, inline.content))
    title = next(inline.content for opening, inline in _headings(tokens) if opening.tag == "h1")
    kept = _without_title(tokens)
    for token in kept:
        if token.type == "table_open":
            token.attrSet("tabindex", "0")  # it scrolls on a phone
    body = _markdown().renderer.render(kept, _markdown().options, {}).replace("<pre>", '<pre tabindex="0">')
    safe = Markup(body)  # noqa: S704 -- our own file, without raw HTML
    return Guide(title, safe, tuple(sections), language, speaking.direction_of(language))


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _parse(path: Path, language: str) -> list[Token]:
    text = path.read_text("utf-8")
    tokens = _markdown().parse(_WRAPPED.sub("", text) if language == "zh" else text)
    for token in tokens:
        if token.children:
            token.children = list(_inline(token.children, language))
    return tokens


def _inline(children: list[Token], language: str) -> Iterator[Token]:
    """Yield inline tokens without pictures, and without links to other files of the manual.

    Code is from left to right in every language: `.ics` would end with its dot in Arabic.
    """
    is_dropped = False
    for child in children:
        if child.type == "image":
            continue
        if child.type == "code_inline":
            child.attrSet("dir", "ltr")
        if child.tag == "em" and language in _WITHOUT_ITALICS:
            child.tag = "b"
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
