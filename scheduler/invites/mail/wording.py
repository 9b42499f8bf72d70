"""Customisable email texts, with their placeholders and rules."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain import bidi, fields
from scheduler.domain.errors import Fault
from scheduler.i18n import gettext_lazy
from scheduler.invites import text
from scheduler.invites.catalogue import Words

MAIL_KINDS: Final = ("new", "update", "details", "again", "cancel", "uninvited", "proposal")
"""Kinds of email, as returned by `view.mail_kind`."""

MEETING: Final = (
    "summary", "partner", "people", "day", "short_day", "time", "zone", "place", "hall", "interpreter",
    "topic", "event", "name", "sender",
)  # fmt: skip
"""Placeholders in texts about a meeting. `name` is the reader, `people` the other side's attendees."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """One text of an email, with its limits and allowed placeholders."""

    kind: Any
    placeholders: tuple[str, ...]
    several_lines: bool = False

    @property
    def limit(self) -> int:
        return fields.limits(self.kind).most

    @property
    def may_be_empty(self) -> bool:
        return fields.limits(self.kind).least == 0


PARTS: Final[Mapping[str, TextPart]] = {
    "subject": TextPart(fields.MailSubject, MEETING),
    "headline": TextPart(fields.MailHeadline, MEETING),
    "note": TextPart(fields.MailNote, MEETING, several_lines=True),
    "footer": TextPart(fields.MailFooter, ("event", "sender"), several_lines=True),
    "directions": TextPart(fields.MailDirections, ("partner", "place", "hall", "event"), several_lines=True),
}

EACH_KIND: Final = ("subject", "headline", "note")
"""Parts customised per kind of email. The others are shared by all kinds in a language."""


def part_key(part: str, mail_kind: str) -> str:
    """Return the storage key of a part's text: subject.new, footer."""
    return f"{part}.{mail_kind}" if part in EACH_KIND else part


def default_text(part: str, mail_kind: str, words: Words) -> str:
    """Return the catalogue's default text, as it is edited."""
    text = {
        "subject": words.subject[mail_kind],
        "headline": words.headline[mail_kind],
        "note": words.note[mail_kind],
        "footer": words.footer,
        "directions": words.way,
    }[part]
    return bidi.remove_isolates(text)


def chosen_texts(texts: Mapping[str, str], mail_kind: str) -> dict[str, str]:
    """Return the customised parts of one kind of email, by part."""
    return {part: texts[part_key(part, mail_kind)] for part in PARTS if part_key(part, mail_kind) in texts}


_ROOM = 8
"""Factor over the limit up to which input is cleaned, as cleaning removes spaces and empty lines."""


def clean_template(part: str, typed: str) -> str:
    """Clean a typed text without truncating it; `template_faults` reports excessive length.

    A far too long text is returned unchanged, since cleaning takes quadratic time in consecutive accents.
    """
    if len(typed) > _ROOM * PARTS[part].limit:
        return typed
    clean = text.clean_lines if PARTS[part].several_lines else text.clean
    return clean(typed, 4 * len(typed) + 1)


def template_faults(part: str, template: str) -> Iterator[Fault]:
    """Yield why a text would not render: too long, empty, a stray brace, an unknown placeholder."""
    rule = PARTS[part]
    if not template and not rule.may_be_empty:
        yield Fault(part, gettext_lazy("enter a value"))
    if len(template) > rule.limit:
        yield Fault(part, _too_long(rule.limit, len(template)))
    try:
        holes = list(string.Formatter().parse(template))
    except ValueError:
        yield Fault(part, _BRACE)
        return
    for _, name, spec, conversion in holes:
        if name is not None and (name not in rule.placeholders or spec or conversion):
            yield Fault(part, _unknown(_written(name, spec, conversion), rule))


_BRACE = gettext_lazy("close every brace; to show a brace, enter {{ or }}")


def _too_long(most: int, length: int) -> str:
    sizes = {"most": f"{most:,}", "length": f"{length:,}"}
    return gettext_lazy("use at most %(most)s characters; it now has %(length)s", **sizes)


def _unknown(written: str, rule: TextPart) -> str:
    names = ", ".join(f"{{{name}}}" for name in rule.placeholders)
    return gettext_lazy("%(written)s can't be used here; choose from %(names)s", written=written, names=names)


def _written(name: str, spec: str | None, conversion: str | None) -> str:
    tail = f":{spec}" if spec else ""
    return f"{{{name}{'!' + conversion if conversion else ''}{tail}}}"
