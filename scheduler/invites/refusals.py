"""Classification of SMTP refusals, from one table for SMTP replies and delivery status notifications.

Providers use the basic reply codes (RFC 5321 4.2) inconsistently: to throttle a sender, QQ replies 550 and
NetEase 554. Treating each 5xx as final turned every email into a failure within 12 seconds of such replies.
The enhanced status code (RFC 3463, RFC 5248) says more, and the text most.

`refusals.json` has one row per pattern, with its source, for SMTP replies and reports alike. The first
matching row wins. There are four classes: later (this email), slow (its provider), hold (content, policy,
quota and unknown), dead (no such address). A reply that matches no row holds the email and marks no address.
A provider that refuses several emails of one kind in a row is paused, twice as long each time; one email is
tried before the others resume. The table is maintained manually. Held emails are retried automatically.
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
"""Characters of a reply that are examined."""
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?![\w.])")
# RFC 2034 4 puts the status first. Exchange and qmail put it after a number sign.
_MARKED: Final = re.compile(r"#([245]\.\d{1,3}\.\d{1,3})(?![\w.])")
_DEFERRED: Final = frozenset((450, 451))
_REPLY: Final = re.compile(r"(?:[a-z-]{1,20};\s{0,3})?([2-5]\d\d)(?:[ -]|$)")


@dataclass(frozen=True, slots=True)
class RefusalRule:
    """One row of the table.

    A row matches if its code, its status and one of its phrases match; missing ones match anything. `code` is
    such as `550` or `4xx`, `status` such as `5.1.1` or `5.7.x`. Phrases are lower case. `who` is the server
    that sends it, and `source` documents it.
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
    """Return the rules of plugins, followed by the table in order."""
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
    """Return the action for a refusal. `code` is the basic code, `text` the text after it.

    `status` is the enhanced status code if known from elsewhere, else it is read from the start of the text.
    """
    rule = find_rule(code, text, status)
    return rule.refusal if rule else Refusal.HOLD


def find_rule(code: int | None, text: str, status: str = "") -> RefusalRule | None:
    """Return the rule that `classify_refusal` applies, or None for an unknown reply."""
    said = " ".join(text[:_LIMIT].lower().split())
    found = status if status and not status.endswith(".0.0") else _status(said) or status
    return next((rule for rule in load_rules() if rule.fits(str(code or ""), found, said)), None)


def is_deferral(code: int | None, text: str) -> bool:
    """Return True if the reply to a recipient asks to retry later, as in greylisting (RFC 6647 2).

    A server with problems of its own uses a different status (RFC 3463 3.4, X.3.X).
    """
    return code in _DEFERRED and not _status(" ".join(text[:_LIMIT].lower().split())).startswith("4.3.")


def classify_report(status: str, diagnostic: str) -> Refusal:
    """Return the action for a delivery report, by its Status and Diagnostic-Code (RFC 3464 2.3.4, 2.3.6)."""
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
    """Return True if a code or status matches a pattern, where `x` is any digit or number."""
    if "." not in pattern:
        return len(pattern) == len(value) and all(p in ("x", v) for p, v in zip(pattern, value, strict=True))
    wanted, given = pattern.split("."), value.split(".")
    return len(wanted) == len(given) and all(p in ("x", v) for p, v in zip(wanted, given, strict=True))
