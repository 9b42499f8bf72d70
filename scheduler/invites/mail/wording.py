"""The texts of mails that organisers may reword, with their placeholders and rules."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain import fields
from scheduler.domain.errors import Fault
from scheduler.i18n import gettext_lazy
from scheduler.invites import text
from scheduler.invites.catalogue import Words

MAIL_KINDS: Final = ("new", "update", "details", "again", "cancel", "uninvited", "proposal")
"""The kinds of mail, as `view.mail_kind` names them."""

MEETING: Final = (
    "summary", "partner", "people", "day", "short_day", "time", "zone", "place", "hall", "interpreter",
    "topic", "event", "name", "sender",
)  # fmt: skip
"""Placeholders of texts about a meeting. `name` is the reader, `people` are those of the other side."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """One text of a mail: how long it may be, and which placeholders it may have."""

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
"""These are worded for each kind of mail, the others for all of a language."""


def part_key(part: str, mail_kind: str) -> str:
    """The name that a part's text is kept under: subject.new, footer."""
    return f"{part}.{mail_kind}" if part in EACH_KIND else part


def default_text(part: str, mail_kind: str, words: Words) -> str:
    """The catalogue's own text."""
    return {
        "subject": words.subject[mail_kind],
        "headline": words.headline[mail_kind],
        "note": words.note[mail_kind],
        "footer": words.footer,
        "directions": words.way,
    }[part]


def chosen_texts(texts: Mapping[str, str], mail_kind: str) -> dict[str, str]:
    """The parts of one kind of mail that were reworded, by part."""
    return {part: texts[part_key(part, mail_kind)] for part in PARTS if part_key(part, mail_kind) in texts}


_ROOM = 8
"""Times as long as it may be: so much longer a text may be typed, with spaces and empty lines that go."""


def clean_template(part: str, typed: str) -> str:
    """A typed text as plain text, its length as it is: `faults` says if it is too long.

    One that is far too long is kept as it is: to clean it takes time by the square of the accents in a row.
    """
    if len(typed) > _ROOM * PARTS[part].limit:
        return typed
    clean = text.clean_lines if PARTS[part].several_lines else text.clean
    return clean(typed, 4 * len(typed) + 1)


def template_faults(part: str, template: str) -> Iterator[Fault]:
    """The reason why a text would not render: too long, empty, a stray brace, an unknown placeholder."""
    rule = PARTS[part]
    if not template and not rule.may_be_empty:
        yield Fault(part, gettext_lazy("must not be empty"))
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


_BRACE = gettext_lazy("has a brace without its other half; write {{ or }} for a brace that is to be seen")


def _too_long(most: int, length: int) -> str:
    sizes = {"most": f"{most:,}", "length": f"{length:,}"}
    return gettext_lazy("must have at most %(most)s characters; it has %(length)s", **sizes)


def _unknown(written: str, rule: TextPart) -> str:
    names = ", ".join(f"{{{name}}}" for name in rule.placeholders)
    return gettext_lazy(
        "%(written)s is no placeholder here; there are %(names)s", written=written, names=names
    )


def _written(name: str, spec: str | None, conversion: str | None) -> str:
    tail = f":{spec}" if spec else ""
    return f"{{{name}{'!' + conversion if conversion else ''}{tail}}}"
