"""Values before and after of an audit log entry, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from babel.dates import get_day_names

from api.language import speaking
from api.language.speaking import gettext, said
from api.pages import formatting
from api.pages.audit_log.labels import LABELS, TABLES
from api.pages.events.archives.archives import PARTS as EVENT_PARTS
from api.pages.events.overnight_settings import AFTER_RUNS
from api.pages.marks import comma, outcome_word, tier_label
from api.pages.requests.labels import PLACES, rank_word, request_state
from scheduler.domain.compliance import ComplianceTopic
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.entities import RequestState
from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.domain.team import RegistrationState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log.acts import Act
from scheduler.services.identity.privacy_notices import PURPOSES
from scheduler.services.operations.audit_entries import AuditEntry
from scheduler.services.privacy.compliance_answers import NOT_APPLICABLE
from scheduler.services.requests.preferences.ranks import rank_from_priority

_ROW = re.compile(r"(\w+) ([\w-]*\d[\w-]*)(?: (\w+))?")
"""A row of a table by its number, and a column: "firm 12 name"."""
_GONE = re.compile(r"(\w+) deleted")
_COUNTS = re.compile(r"(\d+) added, (\d+) changed, (\d+) gone")
_NIGHT = re.compile(r"(\d\d:\d\d) on days ([1-7]+), then (\w+)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*[+Z].*")
_REGISTRATIONS: Final[Mapping[str, str]] = {
    RegistrationState.UNCONFIRMED: gettext_lazy("Unconfirmed"),
    RegistrationState.WAITING: gettext_lazy("Awaiting review"),
    RegistrationState.ACCEPTED: gettext_lazy("Accepted"),
    RegistrationState.DECLINED: gettext_lazy("Declined"),
}


@dataclass(frozen=True, slots=True)
class ToldChange:
    """A changed value, formatted for a page. A name without a label stays English."""

    name: str
    before: str
    after: str
    is_english: bool = False


def told_changes(entry: AuditEntry, zone: str) -> list[ToldChange]:
    """Return the changes of an entry in the reader's language. Times are in `zone` and name it."""
    words = _Words(entry.act, zone)
    told = (each for change in entry.changes for each in words.of(change.name, change.was, change.now))
    return [each for each in told if each.before or each.after]


@dataclass(frozen=True, slots=True)
class _Words:
    act: str
    zone: str

    def of(self, name: str, was: Any, now: Any) -> Iterator[ToldChange]:
        """Yield each difference. A group of settings or a deleted row yields several."""
        if gone := _GONE.fullmatch(name):
            thing = said(TABLES.get(gone[1], gone[1]))
            for column, value in (was or {}).items():
                if column in LABELS and (text := self.value(column, value)):
                    yield ToldChange(_of(thing, said(LABELS[column])), text, "")
        elif isinstance(was or now, dict):
            old, new = was or {}, now or {}
            for key in {**old, **new}:
                if old.get(key) != new.get(key):
                    yield from self.of(key, old.get(key), new.get(key))
        elif (row := _ROW.fullmatch(name)) and row[1] in TABLES:
            thing = f"{said(TABLES[row[1]])} {row[2]}"
            if row[3] is None:
                yield ToldChange(thing, "", gettext("Added"))
            else:
                label, is_english = _label(row[3])
                yield ToldChange(
                    _of(thing, label), self.value(row[3], was), self.value(row[3], now), is_english
                )
        else:
            label, is_english = _label(name)
            if _DAY.fullmatch(name):
                label, is_english = self.value("", name), False
            yield ToldChange(label, self.value(name, was), self.value(name, now), is_english)

    def value(self, name: str, value: Any) -> str:
        """Format a value, or return "" for None."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        if isinstance(value, list):
            return comma().join(self.value(name, each) for each in value)
        if isinstance(value, dict):
            return self._row(value)
        if name in _VALUES:
            try:
                return _VALUES[name](value)
            except (KeyError, ValueError):
                return str(value)
        return self._text(value) if isinstance(value, str) else str(value)

    def _text(self, text: str) -> str:
        try:
            if _DAY.fullmatch(text):
                return formatting.plain_day(date.fromisoformat(text))
            if _MOMENT.fullmatch(text):
                at = datetime.fromisoformat(text)
                moment = formatting.local_moment(at, self.zone)
                return gettext(
                    "%(moment)s (%(zone)s)", moment=moment, zone=formatting.zone_name(self.zone, at)
                )
        except ValueError:
            return text
        if self.act == Act.IMPORT and (counts := _COUNTS.fullmatch(text)):
            return gettext("%(added)s added, %(changed)s changed, %(gone)s removed", **_counts(counts))
        if self.act == Act.SETTINGS and (night := _NIGHT.fullmatch(text)):
            return _night(night)
        return speaking.translate_stored(text) if self.act == Act.VENUE else text

    def _row(self, row: Mapping[str, Any]) -> str:
        """Format a row within a list: the columns that have a label and a value."""
        known = ((said(LABELS[name]), self.value(name, row[name])) for name in row if name in LABELS)
        return comma().join(f"{name} {value}" for name, value in known if value)


def _of(thing: str, label: str) -> str:
    return gettext("%(thing)s, %(label)s", thing=thing, label=label)


def _label(name: str) -> tuple[str, bool]:
    """Return the label of a name, and True if there is none and the name is English."""
    known = LABELS.get(name)
    return (said(known), False) if known else (name.replace("_", " "), True)


def _counts(found: re.Match[str]) -> dict[str, object]:
    return dict(zip(("added", "changed", "gone"), map(int, found.groups()), strict=True))


def _night(found: re.Match[str]) -> str:
    names = get_day_names("abbreviated", "stand-alone", speaking.locale())
    days = comma().join(names[int(day) - 1] for day in found[2])
    then = said(AFTER_RUNS[found[3]][0]) if found[3] in AFTER_RUNS else found[3]
    return gettext("%(time)s, %(days)s: %(then)s", time=found[1], days=days, then=then)


def _state(value: str) -> str:
    return request_state(value) if value in {*RequestState} else said(_REGISTRATIONS[value])


def _compliance_answer(value: str) -> str:
    if not value.startswith(NOT_APPLICABLE):
        return value
    return gettext("Not applicable") + value.removeprefix(NOT_APPLICABLE)


_VALUES: Final[Mapping[str, Callable[[Any], str]]] = {
    "tier": tier_label,
    "role": formatting.role_label,
    "country": formatting.country,
    "language": formatting.language,
    "languages": formatting.language,
    "mail_language": formatting.language,
    "kind": lambda value: outcome_word(OutcomeKind(value)),
    "then": lambda value: said(AFTER_RUNS[value][0]),
    "purposes": lambda value: said(PURPOSES[ConsentPurpose(value)].label),
    "parts": lambda value: said(EVENT_PARTS[value][0]),
    "priority": lambda value: rank_word(rank_from_priority(value).value),
    "place": lambda value: said(PLACES.get(value, value)),
    "state": _state,
    **dict.fromkeys(ComplianceTopic, _compliance_answer),
}
"""Formatters of enumerated values by name."""
