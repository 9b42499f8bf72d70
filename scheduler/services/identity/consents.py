"""Consent of a person, by purpose: decided at registration, after signing in, or later on their own page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from scheduler.domain.consents import ConsentChannel, ConsentPurpose
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity import privacy_notices
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.preferences import own_attendee
from scheduler.services.identity.privacy_notices import Notice
from scheduler.services.identity.sessions import SignedIn
from scheduler.storage.models import Attendee, Consent, Event, PrivacyNotice

MOST_SHOWN: Final = 100
"""Maximum number of decisions on the page. The export has all."""
_CHANGED = gettext_lazy("read the new version of the privacy notice, then choose again")


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision. `ended_at` is None for the current one."""

    purpose: ConsentPurpose
    is_given: bool
    version: int
    language: str
    channel: ConsentChannel
    decided_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class OwnConsents:
    """The event's notice, what the person decided, newest first, and the purposes with consent.

    `is_due` is True until the person has decided by this version.
    """

    notice: Notice
    given: frozenset[ConsentPurpose]
    is_due: bool
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class NoticeOfEvent:
    """An event whose privacy notice concerns a person."""

    event_key: str
    event_name: str


def get_own_consents(session: Session, actor: Actor, *, language: str) -> OwnConsents:
    """Return the notice and the actor's own decisions.

    Raises NotFound if the event has no notice, and NotAllowed unless the actor is an attendee.
    """
    person = own_attendee(session, actor)
    notice = _require_notice(session, actor)
    rows = session.execute(
        select(Consent, PrivacyNotice.version)
        .join(PrivacyNotice, PrivacyNotice.id == Consent.notice_id)
        .where(Consent.attendee_id == person.id)
        .order_by(Consent.id.desc())
        .limit(MOST_SHOWN)
    ).all()
    current = [row.Consent for row in rows if row.Consent.ended_at is None]
    decided = {each.purpose for each in current if each.notice_id == notice.id}
    event = session.get_one(Event, actor.event_id)
    return OwnConsents(
        privacy_notices.notice_in(notice, language, event.language),
        frozenset(each.purpose for each in current if each.is_given),
        not decided.issuperset(notice.purposes),
        tuple(
            Decision(each.purpose, each.is_given, version, each.language, each.channel, each.decided_at,
                     each.ended_at)
            for each, version in rows
        ),
    )  # fmt: skip


def save_own_consents(
    session: Session,
    actor: Actor,
    given: Collection[ConsentPurpose],
    *,
    version: str,
    language: str,
    channel: ConsentChannel,
    now: datetime,
) -> None:
    """Store the actor's decision about each purpose of the notice. It takes effect at once.

    Raises InvalidInput if `version`, as typed, is not the current one. Raises NotFound, NotAllowed.
    """
    person = own_attendee(session, actor)
    notice = _require_notice(session, actor)
    if str(notice.version) != version:
        raise InvalidInput([Fault("version", _CHANGED)])
    event = session.get_one(Event, actor.event_id)
    read = privacy_notices.notice_in(notice, language, event.language).language
    _decide(session, person.id, notice, given, language=read, channel=channel, now=now)
    after = {each.value: each in given for each in notice.purposes}
    about = pgettext_lazy("audit log", "consents of person %(key)s", key=person.key)
    recording.record_act(session, actor, Act.PRIVACY, about, after=after, now=now)


def read_own_permission(session: Session, actor: Actor) -> bool:
    """Return True if the actor gets emails about requests and schedule summaries, as far as consent goes.

    Raises NotAllowed unless the actor is an attendee.
    """
    return permits_notifications(session, own_attendee(session, actor))


def permits_notifications(session: Session, person: Attendee) -> bool:
    """Return True unless the event's notice asks for consent to these emails and the person gave none."""
    permitted = Consent.permits(ConsentPurpose.NOTIFICATIONS, event_id=person.event_id, attendee_id=person.id)
    return bool(session.scalar(select(permitted)))


def check_registered(
    session: Session, event: Event, given: Collection[str], *, version: str, language: str
) -> dict[str, Any]:
    """Return the decisions of a registration as stored, or an empty mapping if the event has no notice.

    Raises InvalidInput if `version`, as typed, is not the current one.
    """
    notice = privacy_notices.find_current(session, event.id)
    if notice is None:
        return {}
    if str(notice.version) != version:
        raise InvalidInput([Fault("notice", _CHANGED)])
    read = privacy_notices.notice_in(notice, language, event.language).language
    return {
        "version": notice.version,
        "language": read,
        "given": [each.value for each in notice.purposes if each.value in given],
    }


def record_registered(
    session: Session, attendee_id: int, event_id: int, stored: Mapping[str, Any], *, decided_at: datetime
) -> None:
    """Store the decisions of a registration for the attendee that it became."""
    if not stored:
        return
    of_version = PrivacyNotice.event_id == event_id, PrivacyNotice.version == stored["version"]
    notice = session.scalar(select(PrivacyNotice).where(*of_version))
    if notice is not None:
        given = {ConsentPurpose(each) for each in stored["given"]}
        _decide(
            session, attendee_id, notice, given, language=stored["language"],
            channel=ConsentChannel.REGISTRATION, now=decided_at,
        )  # fmt: skip


def find_due_event(session: Session, asker: SignedIn) -> str | None:
    """Return the key of the newest event whose notice the signed-in person has not decided by, or None."""
    asks = or_(*(PrivacyNotice.asks(each) for each in ConsentPurpose))
    decided = exists().where(Consent.attendee_id == Attendee.id, Consent.notice_id == PrivacyNotice.id)
    query = _notices_of(asker).with_only_columns(Event.key).where(asks, ~decided).limit(1)
    key: str | None = session.scalar(query)
    return key


def list_notices(session: Session, asker: SignedIn) -> tuple[NoticeOfEvent, ...]:
    """Return the events whose notice concerns the signed-in person, newest first."""
    rows = session.execute(_notices_of(asker).with_only_columns(Event.key, Event.name))
    return tuple(NoticeOfEvent(*row) for row in rows)


def _notices_of(asker: SignedIn) -> Any:
    return (
        select(Event)
        .join(Attendee, Attendee.event_id == Event.id)
        .join(PrivacyNotice, PrivacyNotice.current(Event.id))
        .where(Attendee.account_id == asker.account_id, Attendee.withdrawn_at.is_(None))
        .where(Event.is_there(), Event.archived_at.is_(None))
        .order_by(Event.id.desc())
    )


def _require_notice(session: Session, actor: Actor) -> PrivacyNotice:
    notice = privacy_notices.find_current(session, actor.event_id)
    if notice is None:
        raise NotFound("page", "privacy")
    return notice


def _decide(
    session: Session,
    attendee_id: int,
    notice: PrivacyNotice,
    given: Collection[ConsentPurpose],
    *,
    language: str,
    channel: ConsentChannel,
    now: datetime,
) -> None:
    locked = select(Attendee.id).where(Attendee.id == attendee_id).with_for_update(key_share=True)
    session.execute(locked)  # decisions of one person follow each other
    ended = update(Consent).where(Consent.attendee_id == attendee_id, Consent.ended_at.is_(None))
    session.execute(ended.values(ended_at=now))
    session.add_all(
        Consent(
            attendee_id=attendee_id, notice_id=notice.id, purpose=each, is_given=each in given,
            language=language, channel=channel, decided_at=now,
        )
        for each in notice.purposes
    )  # fmt: skip
    session.flush()
