"""Parsed meeting emails."""

from __future__ import annotations

from email.message import EmailMessage
from html.parser import HTMLParser

from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.mail.imip import RenderedMail, render_invitation
from tests.unit.invites.builders import (
    cancel,
    details,
    envelope,
    new,
    parsed,
    part,
    update,
)

EVERY_KIND = [new(), update(), details(), cancel()]


def mail(message: ItipMessage, **changes: str | None) -> RenderedMail:
    return render_invitation(message, envelope(message, **changes))


def shape(message: EmailMessage) -> object:
    inner = message.get_payload()
    kind = message.get_content_type()
    return (kind, *map(shape, inner)) if isinstance(inner, list) else kind  # type: ignore[arg-type]


def text_of(made: RenderedMail, content_type: str = "text/plain") -> str:
    value = part(parsed(made), content_type).get_content()
    assert isinstance(value, str)
    return value


class Reader(HTMLParser):
    """Parses a page: its text and links, and whether all elements are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str | None] = []
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())
