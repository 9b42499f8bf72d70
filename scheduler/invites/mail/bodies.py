"""The text and HTML bodies of a mail. The HTML is tables and inline styles, which is what Outlook draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template

from scheduler.invites.catalogue import Words
from scheduler.invites.ical.view import Row

_COLOURS = {
    "new": "#1d6b4f",
    "update": "#9a5b00",
    "details": "#1f5f8b",
    "again": "#1f5f8b",
    "cancel": "#a3262b",
    "proposal": "#1f5f8b",
    "uninvited": "#a3262b",
    "overview": "#1f5f8b",
}


Section = tuple[str, Sequence[Row]]
"""A title, which may be empty, and the rows under it."""


@dataclass(frozen=True, slots=True)
class MailPage:
    """The content of a mail's bodies, before it is text or HTML."""

    mail_kind: str
    event: str
    headline: str
    summary: str
    note: str
    footer: str
    sections: Sequence[Section]
    changes: Sequence[Row]
    links: Sequence[Row]
    """Label and address, the main one first."""


def text_body(page: MailPage, words: Words) -> str:
    """The plain text: readable without any calendar (RFC 6047 2.4)."""
    colon = words.colon
    changes = [f"* {_text_row(label, value, colon)}" for label, value in page.changes]
    blocks = [
        f"{page.headline}\n{page.summary}",
        "\n".join([f"{words.changed}{colon}".rstrip(), *changes]) if changes else "",
        *(_text_section(title, rows, colon) for title, rows in page.sections),
        page.note,
        "\n".join(f"{label}{colon}".rstrip() + f"\n{address}" for label, address in page.links),
        f"-- \n{page.footer}" if page.footer else "",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def html_body(page: MailPage, words: Words) -> str:
    """The body as HTML. Every value is escaped here."""
    values = {
        name: escape(getattr(page, name)).replace("\n", "<br>")
        for name in ("event", "headline", "summary", "note", "footer")
    }
    return fill(
        "invitation.html",
        words,
        values
        | {
            "colour": _COLOURS[page.mail_kind],
            "struck": "text-decoration:line-through;" if page.mail_kind in ("cancel", "uninvited") else "",
            "changes": _html_changes(page.changes, words),
            "rows": "".join(_html_section(*section) for section in page.sections),
            "buttons": buttons(page.links),
        },
    )


def buttons(links: Sequence[Row]) -> str:
    """One table a link: a filled cell is the only button that Outlook draws."""
    return "".join(_button(label, address, main=n == 0) for n, (label, address) in enumerate(links))


def fill(template: str, words: Words, values: Mapping[str, str]) -> str:
    """A template with values that are HTML already."""
    return _template(template).substitute(values, language=words.language, direction=words.direction)


@lru_cache(maxsize=16)
def _template(name: str) -> Template:
    return Template((files("scheduler.invites") / "templates" / name).read_text("utf-8"))


def _text_section(title: str, rows: Sequence[Row], colon: str) -> str:
    return "\n".join(
        [*([title] if title else []), *(_text_row(label, value, colon) for label, value in rows)]
    )


def _text_row(label: str, value: str, colon: str) -> str:
    return f"{label}{colon}" + value.replace("\n", "\n    ")


def _html_section(title: str, rows: Sequence[Row]) -> str:
    heading = (
        '<tr><th scope="colgroup" colspan="2" align="left" style="padding:14px 0 4px;font-weight:bold;'
        f'border-bottom:1px solid #e3e8ec;">{escape(title)}</th></tr>\n'
    )
    return (heading if title else "") + "".join(_html_row(*row) for row in rows)


def _html_row(label: str, value: str) -> str:
    return (
        '<tr><th scope="row" align="left" valign="top" width="150" style="padding:6px 12px 6px 0;'
        f'font-weight:normal;color:#51606e;">{escape(label)}</th>'
        f'<td valign="top" style="padding:6px 0;">{_lines(value)}</td></tr>\n'
    )


def _lines(value: str) -> str:
    return escape(value).replace("\n", "<br>")


def _html_changes(rows: Sequence[Row], words: Words) -> str:
    if not rows:
        return ""
    items = "".join(
        f'<p style="margin:4px 0 0;"><strong>{escape(label + words.colon)}</strong>{_lines(value)}</p>'
        for label, value in rows
    )
    return (
        '<tr><td style="padding:0 32px 12px;"><table role="presentation" width="100%" cellpadding="0" '
        'cellspacing="0" border="0"><tr><td bgcolor="#fff6e5" style="background-color:#fff6e5;'
        f'padding:12px 16px;font-size:16px;line-height:1.5;color:#1b2733;"><p style="margin:0;'
        f'color:#51606e;">{escape(words.changed)}</p>{items}</td></tr></table></td></tr>\n'
    )


def _button(label: str, address: str, *, main: bool) -> str:
    back, ink = ("#1f5f8b", "#ffffff") if main else ("#e3ecf3", "#174a6c")
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 12px;"><tr>'
        f'<td bgcolor="{back}" style="background-color:{back};padding:10px 20px;border-radius:4px;">'
        f'<a href="{escape(address)}" style="color:{ink};text-decoration:none;font-weight:bold;">'
        f"{escape(label)}</a></td></tr></table>\n"
    )
