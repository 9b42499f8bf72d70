"""Answers to a compliance audit under China's PIPL, by the topics of the annex to the audit measures of 2025.

Each answer follows from settings and rows of this site. What depends on the operator's own organisation is
left to the operator, who completes the workbook.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import distinct, func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.i18n import gettext_lazy
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.privacy.processing_record import ProcessingRecord, read_record
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.models import ApiToken, Consent, PrivacyNotice


@dataclass(frozen=True, slots=True)
class AuditTopic:
    """A topic with its articles of the PIPL, and the answers of this site, which can be none."""

    title: str
    articles: str
    answers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """Host of each answer, or nothing."""

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return the answers, each with its host or an empty text."""
        return tuple(zip_longest(self.answers, self.hosts, fillvalue=""))


@dataclass(frozen=True, slots=True)
class _Counts:
    notices: int
    """Events with a privacy notice."""
    abroad: int
    """Those that ask for consent to transfers abroad."""
    people: int
    """Attendees who have decided."""
    tokens: int
    """API tokens that can be used."""


def list_topics(
    session: Session, asker: SignedIn, settings: Settings, *, now: datetime
) -> tuple[AuditTopic, ...]:
    """Return all topics with the answers of this site, for operators. Raises NotAllowed."""
    record = read_record(asker, settings)
    return tuple(_topics(record, _count(session, now)))


def export_topics(topics: tuple[AuditTopic, ...], titles: tuple[str, str, str, str]) -> Export:
    """Return a workbook with these column titles. The last column is for the operator's own answer."""
    rows = [
        (each.title, each.articles, "\n".join(" ".join(filter(None, line)) for line in each.lines()), "")
        for each in topics
    ]
    return Export(write_xlsx([OutputSheet("PIPL", titles, rows)]), "pipl-audit.xlsx")


def _count(session: Session, now: datetime) -> _Counts:
    current = PrivacyNotice.superseded_at.is_(None)
    notices, abroad = session.execute(
        select(func.count(), func.count().filter(PrivacyNotice.asks_abroad)).where(current)
    ).one()
    people = session.scalar(select(func.count(distinct(Consent.attendee_id)))) or 0
    is_usable = ApiToken.revoked_at.is_(None), ApiToken.expires_at > now
    tokens = session.scalar(select(func.count()).select_from(ApiToken).where(*is_usable)) or 0
    return _Counts(notices, abroad, people, tokens)


def _topics(record: ProcessingRecord, counts: _Counts) -> Iterator[AuditTopic]:
    said = {name: f"{count:,}" for name, count in _named(counts)}
    yield AuditTopic(
        gettext_lazy("Legal basis and consent"),
        "13–16",
        (
            gettext_lazy(
                "Events with a privacy notice: %(notices)s. Attendees with stored choices: %(people)s.",
                **said,
            ),
            gettext_lazy("Choices are stored by purpose, with version and language of the notice and time."),
            gettext_lazy("People withdraw a consent on their privacy page, with immediate effect."),
        ),
    )
    yield AuditTopic(
        gettext_lazy("Notice to people"),
        "17–18",
        (
            gettext_lazy("Responsible: %(controller)s", controller=record.controller or "–"),
            gettext_lazy("Notice of the site: %(address)s", address=record.notice or "–"),
            gettext_lazy("Notices of events are shown at registration, and after signing in when new."),
        ),
    )
    yield AuditTopic(gettext_lazy("Joint processing"), "20")
    yield AuditTopic(
        gettext_lazy("Processing by others on your behalf"),
        "21",
        tuple(each.what for each in record.recipients if each.host),
        tuple(each.host for each in record.recipients if each.host),
    )
    yield AuditTopic(gettext_lazy("Mergers and other changes of the organisation"), "22")
    yield AuditTopic(
        gettext_lazy("Disclosure to others"),
        "23",
        (
            *(each.what for each in record.recipients if not each.host),
            gettext_lazy("API tokens that can be used: %(tokens)s.", **said),
        ),
    )
    yield AuditTopic(
        gettext_lazy("Automated decisions"),
        "24",
        (gettext_lazy("Schedules and partner suggestions are computed. Attendees can decline meetings."),),
    )
    yield AuditTopic(
        gettext_lazy("Disclosure to the public"),
        "25, 27",
        (gettext_lazy("Pages with data of attendees need a sign-in or a secret link."),),
    )
    yield AuditTopic(
        gettext_lazy("Cameras and identification in public places"),
        "26",
        (gettext_lazy("This software has no such function."),),
    )
    yield AuditTopic(
        gettext_lazy("Sensitive data and data of children"),
        "28–32",
        (gettext_lazy("There are no fields for such data. Texts that people type can contain it."),),
    )
    yield AuditTopic(
        gettext_lazy("Transfers abroad"),
        "38–43",
        (
            gettext_lazy(
                "Events that ask for consent to share contact details with companies from other countries: "
                "%(abroad)s.",
                **said,
            ),
        ),
    )
    yield AuditTopic(
        gettext_lazy("Retention and deletion"),
        "19, 47",
        (
            gettext_lazy("Kinds of data with a period: %(kinds)s.", kinds=str(_periods(record))),
            gettext_lazy("Data with a period is deleted every night when the period ends."),
        ),
    )
    yield AuditTopic(
        gettext_lazy("Rights of people"),
        "44–50",
        (
            gettext_lazy("People download their data, and see who opened their record."),
            gettext_lazy("Operators erase a person with one command."),
        ),
    )
    yield AuditTopic(gettext_lazy("Internal rules and training"), "51")
    yield AuditTopic(gettext_lazy("Security measures"), "51", record.measures)
    yield AuditTopic(gettext_lazy("Person in charge"), "52–53")
    yield AuditTopic(gettext_lazy("Impact assessment"), "55–56")
    yield AuditTopic(gettext_lazy("Incidents"), "57")


def _named(counts: _Counts) -> Iterator[tuple[str, int]]:
    for name in ("notices", "abroad", "people", "tokens"):
        yield name, getattr(counts, name)


def _periods(record: ProcessingRecord) -> int:
    return sum(len(each.periods) for each in record.activities)
