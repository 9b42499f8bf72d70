"""Answers to a compliance audit under China's PIPL, by the topics of the annex to the audit measures of 2025.

Each answer follows from settings and rows of this site, or of one event. What depends on an organisation is
left to it: operators complete the workbook, and organisers store `compliance_answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import zip_longest
from types import MappingProxyType
from typing import Final

from sqlalchemy import Select, distinct, func, or_, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.compliance import ComplianceTopic
from scheduler.i18n import gettext_lazy
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity import privacy_notices
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.privacy.processing_record import ProcessingRecord, build_record, read_record
from scheduler.sheets.writers import OutputSheet, write_xlsx
from scheduler.storage.models import ApiToken, Attendee, Consent, PrivacyNotice

TITLES: Final[Mapping[ComplianceTopic, str]] = MappingProxyType(
    {
        ComplianceTopic.CONSENT: gettext_lazy("Legal basis and consent"),
        ComplianceTopic.NOTICE: gettext_lazy("Notice to people"),
        ComplianceTopic.JOINT: gettext_lazy("Joint processing"),
        ComplianceTopic.PROCESSORS: gettext_lazy("Processing by others on your behalf"),
        ComplianceTopic.MERGERS: gettext_lazy("Mergers and other changes of the organisation"),
        ComplianceTopic.DISCLOSURE: gettext_lazy("Disclosure to others"),
        ComplianceTopic.AUTOMATION: gettext_lazy("Automated decisions"),
        ComplianceTopic.PUBLICATION: gettext_lazy("Disclosure to the public"),
        ComplianceTopic.CAMERAS: gettext_lazy("Cameras and identification in public places"),
        ComplianceTopic.SENSITIVE: gettext_lazy("Sensitive data and data of children"),
        ComplianceTopic.TRANSFERS: gettext_lazy("Transfers abroad"),
        ComplianceTopic.RETENTION: gettext_lazy("Retention and deletion"),
        ComplianceTopic.RIGHTS: gettext_lazy("Rights of people"),
        ComplianceTopic.TRAINING: gettext_lazy("Internal rules and training"),
        ComplianceTopic.SECURITY: gettext_lazy("Security measures"),
        ComplianceTopic.OFFICER: gettext_lazy("Person in charge"),
        ComplianceTopic.ASSESSMENT: gettext_lazy("Impact assessment"),
        ComplianceTopic.INCIDENTS: gettext_lazy("Incidents"),
    }
)


@dataclass(frozen=True, slots=True)
class AuditTopic:
    """A topic with its articles of the PIPL, and the answers of this site, which can be none."""

    key: ComplianceTopic
    articles: str
    answers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    """Host of each answer, or nothing."""

    @property
    def title(self) -> str:
        return TITLES[self.key]

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return the answers, each with its host or an empty text."""
        return tuple(zip_longest(self.answers, self.hosts, fillvalue=""))


@dataclass(frozen=True, slots=True)
class _Facts:
    """What differs between the site and an event."""

    consent: str
    controller: str
    tokens: int
    """API tokens that can be used."""
    abroad: str


def list_topics(
    session: Session, asker: SignedIn, settings: Settings, *, now: datetime
) -> tuple[AuditTopic, ...]:
    """Return all topics with the answers of this site, for operators. Raises NotAllowed."""
    record = read_record(asker, settings)
    return tuple(_topics(record, _site_facts(session, record, now)))


def list_event_topics(
    session: Session, actor: Actor, settings: Settings, *, now: datetime
) -> tuple[AuditTopic, ...]:
    """Return all topics with the answers of this site for the actor's event, without hosts.

    Runs at most three queries. Raises NotAllowed.
    """
    actor.require(Right.CHANGE_SETTINGS)
    record = build_record(settings)
    return tuple(
        replace(each, hosts=()) for each in _topics(record, _event_facts(session, actor, record, now))
    )


def export_topics(rows: Sequence[Sequence[str]], titles: Sequence[str]) -> Export:
    """Return a workbook with a row for each topic, and these column titles."""
    return Export(write_xlsx([OutputSheet("PIPL", titles, rows)]), "pipl-audit.xlsx")


def _site_facts(session: Session, record: ProcessingRecord, now: datetime) -> _Facts:
    current = PrivacyNotice.superseded_at.is_(None)
    notices, abroad = session.execute(
        select(func.count(), func.count().filter(PrivacyNotice.asks_abroad)).where(current)
    ).one()
    people = session.scalar(select(func.count(distinct(Consent.attendee_id)))) or 0
    return _Facts(
        consent=gettext_lazy(
            "Events with a privacy notice: %(notices)s. Attendees with stored choices: %(people)s.",
            notices=f"{notices:,}",
            people=f"{people:,}",
        ),
        controller=record.controller,
        tokens=session.scalar(_usable_tokens(now)) or 0,
        abroad=gettext_lazy(
            "Events that ask for consent to share contact details with companies from other countries: "
            "%(abroad)s.",
            abroad=f"{abroad:,}",
        ),
    )


def _event_facts(session: Session, actor: Actor, record: ProcessingRecord, now: datetime) -> _Facts:
    notice = privacy_notices.find_current(session, actor.event_id)
    opens_event = or_(ApiToken.event_id == actor.event_id, ApiToken.event_id.is_(None))  # or all events
    people = session.scalar(
        select(func.count(distinct(Consent.attendee_id)))
        .join(Attendee, Attendee.id == Consent.attendee_id)
        .where(Attendee.event_id == actor.event_id)
    )
    return _Facts(
        consent=gettext_lazy(
            "This event has a privacy notice. Attendees with stored choices: %(people)s.",
            people=f"{people or 0:,}",
        )
        if notice is not None
        else gettext_lazy("This event has no privacy notice, so people aren't asked for consent."),
        controller=notice.controller if notice is not None else record.controller,
        tokens=session.scalar(_usable_tokens(now).where(opens_event)) or 0,
        abroad=gettext_lazy(
            "People are asked for consent to share contact details with companies from other countries."
        )
        if notice is not None and notice.asks_abroad
        else gettext_lazy(
            "People aren't asked for consent to share contact details with companies from other countries."
        ),
    )


def _usable_tokens(now: datetime) -> Select[int]:
    is_usable = ApiToken.revoked_at.is_(None), ApiToken.expires_at > now
    return select(func.count()).select_from(ApiToken).where(*is_usable)


def _topics(record: ProcessingRecord, facts: _Facts) -> Iterator[AuditTopic]:
    yield AuditTopic(
        ComplianceTopic.CONSENT,
        "13–16",
        (
            facts.consent,
            gettext_lazy("Choices are stored by purpose, with version and language of the notice and time."),
            gettext_lazy("People withdraw a consent on their privacy page, with immediate effect."),
        ),
    )
    yield AuditTopic(
        ComplianceTopic.NOTICE,
        "17–18",
        (
            gettext_lazy("Responsible: %(controller)s", controller=facts.controller or "–"),
            gettext_lazy("Notice of the site: %(address)s", address=record.notice or "–"),
            gettext_lazy("Notices of events are shown at registration, and after signing in when new."),
        ),
    )
    yield AuditTopic(ComplianceTopic.JOINT, "20")
    yield AuditTopic(
        ComplianceTopic.PROCESSORS,
        "21",
        tuple(each.what for each in record.recipients if each.host),
        tuple(each.host for each in record.recipients if each.host),
    )
    yield AuditTopic(ComplianceTopic.MERGERS, "22")
    yield AuditTopic(
        ComplianceTopic.DISCLOSURE,
        "23",
        (
            *(each.what for each in record.recipients if not each.host),
            gettext_lazy("API tokens that can be used: %(tokens)s.", tokens=f"{facts.tokens:,}"),
        ),
    )
    yield AuditTopic(
        ComplianceTopic.AUTOMATION,
        "24",
        (gettext_lazy("Schedules and partner suggestions are computed. Attendees can decline meetings."),),
    )
    yield AuditTopic(
        ComplianceTopic.PUBLICATION,
        "25, 27",
        (gettext_lazy("Pages with data of attendees need a sign-in or a secret link."),),
    )
    yield AuditTopic(ComplianceTopic.CAMERAS, "26", (gettext_lazy("This software has no such function."),))
    yield AuditTopic(
        ComplianceTopic.SENSITIVE,
        "28–32",
        (gettext_lazy("There are no fields for such data. Texts that people type can contain it."),),
    )
    yield AuditTopic(ComplianceTopic.TRANSFERS, "38–43", (facts.abroad,))
    yield AuditTopic(
        ComplianceTopic.RETENTION,
        "19, 47",
        (
            gettext_lazy("Kinds of data with a period: %(kinds)s.", kinds=str(_periods(record))),
            gettext_lazy("Data with a period is deleted every night when the period ends."),
        ),
    )
    yield AuditTopic(
        ComplianceTopic.RIGHTS,
        "44–50",
        (
            gettext_lazy("People download their data, and see who opened their record."),
            gettext_lazy("Operators erase a person with one command."),
        ),
    )
    yield AuditTopic(ComplianceTopic.TRAINING, "51")
    yield AuditTopic(ComplianceTopic.SECURITY, "51", record.measures)
    yield AuditTopic(ComplianceTopic.OFFICER, "52–53")
    yield AuditTopic(ComplianceTopic.ASSESSMENT, "55–56")
    yield AuditTopic(ComplianceTopic.INCIDENTS, "57")


def _periods(record: ProcessingRecord) -> int:
    return sum(len(each.periods) for each in record.activities)
