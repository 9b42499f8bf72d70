"""Privacy notice of an event: its versions, the purposes that need consent, and counts of decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import NoticePart, NoticeParty, NoticeText
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import clean_line, clean_lines
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Consent, Event, PrivacyNotice

TEXT: Final = "text"
TRANSFER_PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "recipient": gettext_lazy("Recipients abroad"),
        "recipient_contact": gettext_lazy("How to contact them"),
        "purpose": gettext_lazy("Purpose of the transfer"),
        "method": gettext_lazy("How they process the data"),
        "data": gettext_lazy("Kinds of data"),
        "rights": gettext_lazy("How people exercise their rights with the recipients"),
    }
)
"""Parts of the notice of transfers abroad, as PIPL article 39 lists them, with their labels."""


@dataclass(frozen=True, slots=True)
class PurposeText:
    """What a purpose is called, and what its consent changes."""

    label: str
    given: str
    """What happens with consent."""
    refused: str
    """What happens without it."""


PURPOSES: Final[Mapping[ConsentPurpose, PurposeText]] = MappingProxyType(
    {
        ConsentPurpose.PARTNER_CONTACTS: PurposeText(
            gettext_lazy("Share contact details with meeting partners"),
            gettext_lazy(
                "Partners see your email address and phone number once one person from each side accepts."
            ),
            gettext_lazy("Partners don't see your email address and phone number on their pages."),
        ),
        ConsentPurpose.DIRECTORY: PurposeText(
            gettext_lazy("Be listed in the directory"),
            gettext_lazy("Other companies find you by name, and see your name, job title and languages."),
            gettext_lazy(
                "Other companies don't find you in the directory. Partners still see who comes to a meeting."
            ),
        ),
        ConsentPurpose.NOTIFICATIONS: PurposeText(
            gettext_lazy("Receive emails about requests and schedule summaries"),
            gettext_lazy("You get these emails as chosen in your settings."),
            gettext_lazy(
                "You get none of these emails. Invitations and changes to your own meetings are still sent."
            ),
        ),
        ConsentPurpose.ABROAD: PurposeText(
            gettext_lazy("Share contact details with companies from other countries"),
            gettext_lazy(
                "Partners whose company is from another country see your contact details like others."
            ),
            gettext_lazy("Partners whose company is from another country don't see your contact details."),
        ),
    }
)
"""Texts of the purposes, as people read them before they decide."""


@dataclass(frozen=True, slots=True)
class NoticeForm:
    """A new version as typed. `texts` has the notice and its parts by language."""

    controller: NoticeParty = ""
    contact: NoticeParty = ""
    purposes: frozenset[ConsentPurpose] = frozenset()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    asks_again: bool = False
    """True if earlier decisions no longer count."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A version of a notice in one language. `transfer` is empty unless it asks for transfers abroad."""

    version: int
    published_at: datetime
    language: str
    controller: str
    contact: str
    text: str
    transfer: Mapping[str, str]
    purposes: tuple[ConsentPurpose, ...]


@dataclass(frozen=True, slots=True)
class PurposeCount:
    """Attendees of the event by their current decision about a purpose."""

    purpose: ConsentPurpose
    given: int
    refused: int
    undecided: int


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """The current notice as organisers edit it, and the counts. `version` is 0 without a notice."""

    version: int
    published_at: datetime | None
    form: NoticeForm
    counts: tuple[PurposeCount, ...]


def get_record(session: Session, actor: Actor) -> NoticeRecord:
    """Return the current notice with its counts, for organisers. Runs at most three queries.

    Raises NotAllowed.
    """
    actor.require(Right.CHANGE_SETTINGS)
    notice = find_current(session, actor.event_id)
    if notice is None:
        return NoticeRecord(0, None, NoticeForm(), ())
    form = NoticeForm(notice.controller, notice.contact, frozenset(notice.purposes), notice.texts)
    return NoticeRecord(notice.version, notice.published_at, form, _count(session, actor.event_id, notice))


def publish_notice(session: Session, actor: Actor, form: NoticeForm, *, now: datetime) -> int:
    """Publish a new version, and return its number. With `asks_again`, earlier decisions no longer count.

    Raises NotAllowed, and InvalidInput with every fault by field.
    """
    actor.require(Right.CHANGE_SETTINGS)
    event = session.get_one(Event, actor.event_id, with_for_update={"key_share": True})
    clean = _cleaned(form)
    if faults := list(_faults(clean, event.language)):
        raise InvalidInput(faults)
    before = find_current(session, event.id)
    if before is not None:
        before.superseded_at = now
        session.flush()
    notice = PrivacyNotice(
        event_id=event.id,
        version=before.version + 1 if before is not None else 1,
        published_at=now,
        published_by=actor.account_id,
        controller=clean.controller,
        contact=clean.contact,
        texts={language: dict(parts) for language, parts in clean.texts.items()},
        **{f"asks_{each}": each in clean.purposes for each in ConsentPurpose},
    )
    session.add(notice)
    session.flush()
    if clean.asks_again:
        people = select(Attendee.id).where(Attendee.event_id == event.id)
        ended = update(Consent).where(Consent.attendee_id.in_(people), Consent.ended_at.is_(None))
        session.execute(ended.values(ended_at=now), execution_options={"synchronize_session": False})
    about = pgettext_lazy("audit log", "privacy notice version %(number)s published", number=notice.version)
    after = {"purposes": sorted(clean.purposes), "languages": sorted(clean.texts)}
    recording.record_act(session, actor, Act.PRIVACY, about, after=after, now=now)
    return notice.version


def find_current(session: Session, event_id: int) -> PrivacyNotice | None:
    """Return the current notice of an event, or None."""
    return session.scalar(select(PrivacyNotice).where(PrivacyNotice.current(event_id)))


def notice_in(notice: PrivacyNotice, language: str, default: str) -> Notice:
    """Return a notice in a language if it has that, else in the event's language `default`."""
    read = language if language in notice.texts else default if default in notice.texts else min(notice.texts)
    parts = notice.texts[read]
    return Notice(
        version=notice.version,
        published_at=notice.published_at,
        language=read,
        controller=notice.controller,
        contact=notice.contact,
        text=parts[TEXT],
        transfer={name: parts.get(name, "") for name in TRANSFER_PARTS} if notice.asks_abroad else {},
        purposes=notice.purposes,
    )


def _cleaned(form: NoticeForm) -> NoticeForm:
    texts = {}
    for language in languages():
        typed = form.texts.get(language, {})
        parts = {TEXT: clean_lines(typed.get(TEXT, ""))}
        parts |= {name: clean_line(typed.get(name, "")) for name in TRANSFER_PARTS}
        if any(parts.values()):
            texts[language] = parts
    return NoticeForm(
        clean_line(form.controller), clean_line(form.contact), form.purposes, texts, form.asks_again
    )


def _faults(form: NoticeForm, default: str) -> Iterator[Fault]:
    yield from fields.check_form(form)
    for language in {default: None, **form.texts}:
        parts = form.texts.get(language, {})
        yield from fields.check_field(f"{TEXT}-{language}", parts.get(TEXT, ""), NoticeText)
        for name in TRANSFER_PARTS:
            typed = parts.get(name, "")
            if typed or ConsentPurpose.ABROAD in form.purposes:
                yield from fields.check_field(f"{name}-{language}", typed, NoticePart)


def _count(session: Session, event_id: int, notice: PrivacyNotice) -> tuple[PurposeCount, ...]:
    here = Attendee.event_id == event_id, Attendee.withdrawn_at.is_(None)
    people = session.scalar(select(func.count()).select_from(Attendee).where(*here)) or 0
    rows = session.execute(
        select(Consent.purpose, Consent.is_given, func.count())
        .join(Attendee, Attendee.id == Consent.attendee_id)
        .where(*here, Consent.ended_at.is_(None), in_chunks(Consent.purpose, notice.purposes))
        .group_by(Consent.purpose, Consent.is_given)
    )
    found = {(purpose, is_given): count for purpose, is_given, count in rows}
    given, refused = (
        {each: found.get((each, is_given), 0) for each in ConsentPurpose} for is_given in (True, False)
    )
    return tuple(
        PurposeCount(each, given[each], refused[each], people - given[each] - refused[each])
        for each in notice.purposes
    )
