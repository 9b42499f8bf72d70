"""Text and HTML bodies of an email. The HTML uses tables and inline styles, as Outlook requires."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

from scheduler.invites.catalogue import Words
from scheduler.invites.ical.view import MeetingSummary, Row
from scheduler.invites.mail.look import SITE_LOOK, EmailLook

FONT: Final = "font-family:'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans',Arial,sans-serif;"
_COLOURS: Final = {
    "new": "#17693a",
    "update": "#8a5200",
    "details": "#0b5d63",
    "again": "#0b5d63",
    "cancel": "#a3212b",
    "proposal": "#0b5d63",
    "uninvited": "#a3212b",
    "overview": "#0b5d63",
}
_OFF: Final = ("cancel", "uninvited")

_SIDE: Final = re.compile(r"(?<![\w.])(?:left|right)(?!\w)")
_SIDES: Final = re.compile(r"(?<=padding:)([^\s;]+ )([^\s;]+)( [^\s;]+ )([^\s;]+)(?=;)")
"""The sides named in templates, and the second to the fourth of four paddings."""
_SHORT: Final = 13
"""Characters of a label that fits beside its text on a phone."""


Section = tuple[str, Sequence[Row]]
"""A title, possibly empty, and its rows."""


@dataclass(frozen=True, slots=True)
class MailPage:
    """The content of an email body, before rendering as text or HTML."""

    mail_kind: str
    event: str
    headline: str
    summary: str
    note: str
    footer: str
    sections: Sequence[Section]
    changes: Sequence[Row]
    links: Sequence[Row]
    """Label and URL of each button, the primary one first."""
    lead: MeetingSummary | None = None
    """The most prominent lines of an email about one meeting."""
    facts: Sequence[Row] = ()
    """Rows below the lead in HTML, in place of the sections."""
    aside: Sequence[Row] = ()
    """Links that are not buttons."""


def text_body(page: MailPage, words: Words) -> str:
    """Return the plain text, which must be readable without a calendar (RFC 6047 2.4)."""
    colon = words.colon
    changes = [f"* {_text_row(label, value, colon)}" for label, value in page.changes]
    blocks = [
        f"{page.headline}\n{page.summary}",
        "\n".join([f"{words.changed}{colon}".rstrip(), *changes]) if changes else "",
        *(_text_section(title, rows, colon) for title, rows in page.sections),
        page.note,
        "\n".join(
            f"{label}{colon}".rstrip() + f"\n{address}" for label, address in (*page.links, *page.aside)
        ),
        f"-- \n{page.footer}" if page.footer else "",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def html_body(page: MailPage, words: Words, look: EmailLook = SITE_LOOK) -> str:
    """Return the HTML body. All values are escaped here."""
    is_off = page.mail_kind in _OFF
    acts = paragraph(page.note, margin="0 0 14px") + html_buttons(page.links, words) + _aside(page.aside)
    parts = [part for part in (acts, _html_rows(page, words)) if part]
    said = {name: _lines(getattr(page, name)) for name in ("event", "headline", "summary")}
    made = {
        "colour": _COLOURS[page.mail_kind],
        "size": "20px" if page.lead else "27px",
        "time": _time(page.lead, is_off=is_off) if page.lead else "",
        "changes": _html_changes(page.changes, words),
        "parts": "".join(
            fill_html("invitation_part.html", words, {"content": part})
            for part in (reversed(parts) if is_off else parts)
        ),
    }
    return html_frame(
        fill_html("invitation.html", words, said | made),
        words,
        headline=page.headline,
        preview=f"{page.lead.when}, {page.lead.where}" if page.lead else page.summary,
        foot=paragraph(page.footer, soft=True, size=13),
        look=look,
    )


def html_frame(
    content: str, words: Words, *, headline: str, preview: str, foot: str, look: EmailLook = SITE_LOOK
) -> str:
    """Return a complete page around an email's rows. `content` and `foot` are HTML, the others plain text.

    The style sheet is only for dark mode and phones. Clients that drop it show the light page.
    """
    texts = {"headline": escape(headline), "preview": escape(preview)}
    content = look.header(FONT) + content
    return look.applied(fill_html("frame.html", words, texts | {"content": content, "foot": foot}))


def paragraph(said: str, *, soft: bool = False, size: int = 16, margin: str = "0", more: str = "") -> str:
    """Return a paragraph, or an empty string for empty text. `more` is extra CSS."""
    tone, colour = ("soft", "#4d6168") if soft else ("ink", "#14242a")
    style = f"margin:{margin};font-size:{size}px;line-height:{round(size * 1.4)}px;color:{colour};{more}"
    return f'<p class="{tone}" style="{style}">{_lines(said)}</p>\n' if said else ""


def notice_line(said: str, words: Words) -> str:
    """Return a notice above the email, with the same look in dark mode."""
    style = "padding:12px 24px;background:#fff4d6;color:#14242a;font-size:15px;line-height:21px;"
    return f'<div lang="{words.language}" style="{FONT}{style}text-align:center;">{_lines(said)}</div>\n'


def html_buttons(links: Sequence[Row], words: Words) -> str:
    """Return buttons in rows that wrap. Each is a table: Outlook renders only a filled cell as a button."""
    made = "".join(
        fill_html(
            "button.html", words, _look(is_first=n == 0) | {"label": escape(label), "address": escape(link)}
        )
        for n, (label, link) in enumerate(links)
    )
    return made and f'{made}<div style="clear:both;font-size:0;line-height:0;">&nbsp;</div>\n'


def fill_html(template: str, words: Words, values: Mapping[str, str]) -> str:
    """Fill a template with values that are already HTML."""
    return _template(template, is_rtl=words.is_rtl).substitute(
        {"font": FONT, "language": words.language, "direction": words.direction, **values}
    )


def style_sheet(html: str) -> str:
    """Return the content of an email's <style>. A page that shows an email allows it by its CSP hash."""
    return html.partition("<style>")[2].partition("</style>")[0]


@lru_cache(maxsize=32)
def _template(name: str, *, is_rtl: bool) -> Template:
    text = (files("scheduler.invites") / "templates" / name).read_text("utf-8")
    return Template(_mirrored(text) if is_rtl else text)


def _mirrored(template: str) -> str:
    """Return a template with its sides exchanged: words, and the last three of four widths."""
    text = _SIDE.sub(lambda found: "right" if found[0] == "left" else "left", template)
    return _SIDES.sub(r"\1\4\3\2", text)


def _text_section(title: str, rows: Sequence[Row], colon: str) -> str:
    return "\n".join(
        [*([title] if title else []), *(_text_row(label, value, colon) for label, value in rows)]
    )


def _text_row(label: str, value: str, colon: str) -> str:
    return f"{label}{colon}" + value.replace("\n", "\n    ")


def _time(lead: MeetingSummary, *, is_off: bool) -> str:
    struck = "text-decoration:line-through;" if is_off else ""
    when = paragraph(lead.when, size=26, margin="10px 0 0", more=f"font-weight:700;{struck}")
    hours = escape(lead.when.rpartition(" ")[2])
    return (
        when.replace(hours, f'<span style="white-space:nowrap;">{hours}</span>')
        + "".join(paragraph(zone, soft=True, size=14, margin="2px 0 0") for zone in lead.zones)
        + paragraph(lead.where, size=19, margin="8px 0 0", more="font-weight:700;")
    )


def _html_rows(page: MailPage, words: Words) -> str:
    sections = [("", page.facts)] if page.lead else page.sections
    return "".join(_html_section(title, rows, words) for title, rows in sections)


def _html_section(title: str, rows: Sequence[Row], words: Words) -> str:
    stacks = any(len(label) > _SHORT for label, _ in rows)
    look = {
        "stack": " stack" if stacks else "",
        "wide": "width:36%" if stacks else "white-space:nowrap;width:1%",
        "tone": "ink" if title else "soft",
        "look": "font-weight:bold;color:#14242a;" if title else "font-weight:normal;color:#4d6168;",
    }
    made = fill_html("invitation_title.html", words, {"title": escape(title)}) if title else ""
    made += "".join(
        fill_html(
            "invitation_row.html", words, look | {"label": escape(label), "value": _value(value, title)}
        )
        for label, value in rows
    )
    return made and fill_html("invitation_rows.html", words, {"rows": made})


def _value(value: str, title: str) -> str:
    """Return a row's value. Below a title, the lines after the first are secondary."""
    first, line, rest = value.partition("\n")
    if not title or not line:
        return _lines(value)
    return f'{escape(first)}<br><span class="soft" style="color:#4d6168;">{_lines(rest)}</span>'


def _lines(value: str) -> str:
    return escape(value).replace("\n", "<br>")


def _html_changes(rows: Sequence[Row], words: Words) -> str:
    items = "".join(
        f'<p class="ink" style="margin:6px 0 0;font-size:16px;line-height:24px;color:#14242a;">'
        f"<strong>{escape(label + words.colon)}</strong>{_lines(value)}</p>\n"
        for label, value in rows
    )
    values = {"title": escape(words.changed), "items": items}
    return items and fill_html("invitation_changes.html", words, values)


def _look(*, is_first: bool) -> dict[str, str]:
    """Return the style of a button. The first one is filled."""
    if is_first:
        return {"cell": "btn", "ink": "btn", "look": "background:#0b5d63;border-color:#0b5d63;color:#ffffff;"}
    return {"cell": "btn2", "ink": "ink", "look": "border-color:#b7c5c6;color:#14242a;"}


def _aside(links: Sequence[Row]) -> str:
    made = " &nbsp; ".join(
        f'<a class="lnk" href="{escape(address)}" style="display:inline-block;color:#0b5d63;">'
        f"{escape(label)}</a>"
        for label, address in links
    )
    return made and f'<p style="margin:0;font-size:15px;line-height:44px;">{made}</p>\n'
