"""Why a mail server refuses a mail, and what to do about it: one table for SMTP replies and delivery reports.

Providers use the basic codes (RFC 5321 4.2) as they like: QQ says 550 to whom it wants to slow down, NetEase
554. The enhanced status (RFC 3463, RFC 5248) says more, and the text most. `refusals.json` has a row for each
sign, with its source. The first row that fits counts. A reply that matches no row holds the mail and marks
nobody's address.

Refusals are read by what providers mean: codes of SMTP replies are used freely (QQ says 550 to who is too
fast, NetEase 554), and when each 5xx was final, 12 seconds of such answers made failed emails of everything
that was sent. `refusals.json` has each sign with its source, for replies and delivery reports alike. Four
meanings: later (this email), slow (its provider), hold (content, policy, quota, and what nobody knows), dead
(no such address). A provider that refuses several emails of one kind in a row is paused, twice as long each
time, and one email is tried before the others go. The table is kept by hand; what no row knows is held, and
goes on by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from scheduler.domain.entities import Refusal
from scheduler.plugins import EMAIL_PROVIDERS
from scheduler.plugins.loading import load

_LIMIT: Final = 1_000
"""Characters of a reply that are looked at."""
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?![\w.])")
# RFC 2034 4 puts the status first. Exchange and qmail write it behind a number sign.
_MARKED: Final = re.compile(r"#([245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_DEFERRED: Final = frozenset((450, 451))
_REPLY: Final = re.compile(r"(?:[a-z-]{1,20};\s{0,3})?([2-5]\d\d)(?:[ -]|$)")


@dataclass(frozen=True, slots=True)
class RefusalRule:
    """One row of the table.

    It matches if its code, its status and one of its phrases match, as far as it has them. `code` is such as
    `550` or `4xx`, `status` such as `5.1.1` or `5.7.x`. Phrases are lower case. `who` is the server that
    writes so, and `source` documents it.
    """

    refusal: Refusal
    who: str
    source: str
    code: str = ""
    status: str = ""
    phrases: tuple[str, ...] = ()

    def fits(self, code: str, status: str, text: str) -> bool:
        return (
            (not self.code or _alike(self.code, code))
            and (not self.status or _alike(self.status, status))
            and (not self.phrases or any(phrase in text for phrase in self.phrases))
        )


@cache
def load_rules() -> tuple[RefusalRule, ...]:
    """The rules of plugins, and then the table in its order."""
    rows = json.loads((files(__package__) / "refusals.json").read_text("utf-8"))
    table = (
        RefusalRule(**{**row, "refusal": Refusal(row["refusal"]), "phrases": tuple(row.get("phrases", ()))})
        for row in rows
    )
    return *_of_plugins(), *table


def _of_plugins() -> Iterator[RefusalRule]:
    for name, provider in load(EMAIL_PROVIDERS).items():
        for rule in provider.replies:
            phrases = tuple(phrase.lower() for phrase in rule.phrases)
            yield RefusalRule(Refusal(rule.meaning), name, rule.source, rule.code, rule.status, phrases)


def classify_refusal(code: int | None, text: str, status: str = "") -> Refusal:
    """The action that a refusal needs. `code` is the basic code, `text` the server's words after it.

    `status` is the enhanced status if it is known from elsewhere, else the one at the start of the text.
    """
    rule = find_rule(code, text, status)
    return rule.refusal if rule else Refusal.HOLD


def find_rule(code: int | None, text: str, status: str = "") -> RefusalRule | None:
    """The row that `classify` goes by, or None for a reply that no row knows."""
    said = " ".join(text[:_LIMIT].lower().split())
    found = status if status and not status.endswith(".0.0") else _status(said) or status
    return next((rule for rule in load_rules() if rule.fits(str(code or ""), found, said)), None)


def is_deferral(code: int | None, text: str) -> bool:
    """Whether a server that said so of a recipient wants the mail later, as greylisting does (RFC 6647 2).

    A server that is in trouble itself says so by a status of its own (RFC 3463 3.4, X.3.X).
    """
    return code in _DEFERRED and not _status(" ".join(text[:_LIMIT].lower().split())).startswith("4.3.")


def classify_report(status: str, diagnostic: str) -> Refusal:
    """The action that a delivery report needs, by its Status and the reply in it (RFC 3464 2.3.4, 2.3.6)."""
    reply = _REPLY.match(diagnostic.lower())
    code = int(reply[1]) if reply else None
    return classify_refusal(code, diagnostic[reply.end() :] if reply else diagnostic, status)


def _status(said: str) -> str:
    first = _STATUS.match(said)
    if first is not None:
        return first[0]
    marked = _MARKED.search(said)
    return marked[1] if marked else ""


def _alike(pattern: str, value: str) -> bool:
    """Whether a code or status fits a pattern in which `x` stands for any figure or number."""
    if "." not in pattern:
        return len(pattern) == len(value) and all(p in ("x", v) for p, v in zip(pattern, value, strict=True))
    wanted, given = pattern.split("."), value.split(".")
    return len(wanted) == len(given) and all(p in ("x", v) for p, v in zip(wanted, given, strict=True))
