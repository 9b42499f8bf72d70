"""Public registration page of an event, and the link that confirms an address.

Callers are anonymous: input size is bounded, every address gets the same response, and organisers see nothing
before the link is used. The email contains none of the input, so that it cannot be abused to send text to
third parties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.brand import Brand
from scheduler.domain.emails.mailboxes import canonical_mailbox, mailbox_domains
from scheduler.domain.errors import ChainmeetError, InvalidInput, NotFound
from scheduler.domain.team import RegistrationState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.branding import brands
from scheduler.services.identity import consents, privacy_notices
from scheduler.services.identity.privacy_notices import Notice
from scheduler.services.identity.tokens import REGISTER, derive_token, hash_token, new_seed
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.participants.registration.form import (
    RegistrationForm,
    check_form,
    list_halls,
    require_consent,
)
from scheduler.services.text import is_storable
from scheduler.storage.models import Event, FirmRegistration, Slot

LINK_LIFETIME = timedelta(days=3)
"""Validity of the link in the email."""
MAX_UNCONFIRMED = 3
"""Unconfirmed registrations per mailbox, so that no one can flood it with our emails."""
MAX_WAITING = 5_000
"""Confirmed, undecided registrations per event.

Unconfirmed ones do not count, otherwise anyone could close the page by submitting other people's addresses.
"""


class RegistrationFull(ChainmeetError):
    """Raised if too many undecided registrations of the event exist.

    New ones are refused until some are decided.
    """

    code = "registration-full"

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy(
                "Registration is closed for now, because too many registrations are waiting for review."
            )
        )


class UnusableRegistration(NotFound):
    """Raised if the registration link is invalid or expired.

    `event_key` is the event of an expired link if it is still open for registration, or empty.
    """

    code = "unusable-registration"

    def __init__(self, event_key: str = "") -> None:
        super().__init__("registration", "")
        self.event_key = event_key

    def __str__(self) -> str:
        return gettext_lazy("This link has expired, or registration is closed.")


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """Public data of an event that is open for registration. `areas` and `halls` are names by key."""

    key: str
    name: str
    language: str
    contact: str
    is_rehearsing: bool
    brand: Brand
    areas: Mapping[str, str]
    halls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SubmittedRegistration:
    """A registration as its author sees it through the link. `hall` is a name or empty."""

    event: OpenEvent
    name: str
    latin_name: str
    person: str
    email: str
    mail_language: str
    is_confirmed: bool


def get_open_event(session: Session, event_key: str, *, now: datetime) -> OpenEvent:
    """Return the event if it is open for registration. Raises NotFound if it is closed or unknown."""
    return _open_event_view(session, _find_open_event(session, event_key, now))


def read_notice(session: Session, event_key: str, language: str, *, now: datetime) -> Notice | None:
    """Return the privacy notice of an event that is open for registration, or None if it has none.

    Raises NotFound.
    """
    event = _find_open_event(session, event_key, now)
    notice = privacy_notices.find_current(session, event.id)
    return None if notice is None else privacy_notices.notice_in(notice, language, event.language)


def submit_registration(
    session: Session, event_key: str, form: RegistrationForm, *, settings: Settings, now: datetime
) -> str:
    """Store a registration and email a link. Return the address. The response is the same for every address.

    Sends no email to an address that already has the maximum of valid links. Raises InvalidInput by field,
    NotFound, RegistrationFull.
    """
    event = _find_open_event(session, event_key, now)
    session.execute(delete(FirmRegistration).where(_is_expired(event.id, now)))
    faults = require_consent(form)
    said: dict[str, Any] = {}
    try:
        said = check_form(event, list_halls(session, event.id), form, is_test=bool(settings.mail_catcher_url))
    except InvalidInput as error:
        faults = [*error.faults, *faults]
    try:
        said["consents"] = consents.check_registered(
            session, event, form.purposes, version=form.notice, language=form.language
        )
    except InvalidInput as error:
        faults = [*faults, *error.faults]
    if faults:
        raise InvalidInput(faults)
    if _has_links(session, event.id, said["email"]):
        return str(said["email"])
    if _is_full(session, event.id):
        raise RegistrationFull
    seed = new_seed(settings.secret_key)
    session.add(
        FirmRegistration(
            event_id=event.id,
            state=RegistrationState.UNCONFIRMED,
            created_at=now,
            seed=seed,
            token_hash=hash_token(derive_token(settings.secret_key, REGISTER, seed)),
            expires_at=now + LINK_LIFETIME,
            **said,
        )
    )
    letter = NewLetter(
        letter="register",
        to_address=said["email"],
        language=said["mail_language"],
        event=event.name,
        seed=seed,
        about_event_id=event.id,
    )
    letters.queue_letters(session, [letter], now=now)
    return str(said["email"])


def get_registration(session: Session, token: str, *, now: datetime) -> SubmittedRegistration:
    """Return the registration of a link. The link stays valid. Raises UnusableRegistration.

    Email scanners open links, so the GET only shows it; the button confirms it.
    """
    found, event = _by_token(session, token, now)
    return SubmittedRegistration(
        event=_open_event_view(session, event),
        name=found.name,
        latin_name=found.latin_name,
        person=found.person,
        email=found.email,
        mail_language=found.mail_language,
        is_confirmed=found.state is not RegistrationState.UNCONFIRMED,
    )


def confirm_registration(session: Session, token: str, *, now: datetime) -> SubmittedRegistration:
    """Make the registration visible to organisers, replacing an undecided one of the same address.

    Idempotent. Raises UnusableRegistration.
    """
    found, event = _by_token(session, token, now)
    same = FirmRegistration.event_id == event.id, FirmRegistration.email == found.email
    rows = session.scalars(  # serialised per address, because its links replace each other
        select(FirmRegistration)
        .where(*same)
        .order_by(FirmRegistration.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    if found not in rows:
        raise UnusableRegistration
    if found.state is RegistrationState.UNCONFIRMED:
        for each in rows:
            if each is not found and each.state in (RegistrationState.UNCONFIRMED, RegistrationState.WAITING):
                session.delete(each)
        session.flush()
        found.state, found.confirmed_at = RegistrationState.WAITING, now
        session.flush()
        about = pgettext_lazy("audit log", "%(firm)s registered", firm=found.latin_name)
        by = NamedDoer(event_id=event.id, name=found.email)
        recording.record_act(session, by, Act.REGISTRATION, about, now=now)
    return get_registration(session, token, now=now)


def _find_open_event(session: Session, event_key: str, now: datetime) -> Event:
    by_key = Event.by_key(event_key) if is_storable(event_key) else None
    event = session.scalar(select(Event).where(by_key)) if by_key is not None else None
    if event is None or not _is_open(session, event, now):
        raise NotFound("event", event_key)
    return event


def _is_open(session: Session, event: Event, now: datetime) -> bool:
    """Return True until the last meeting time has passed or the event is archived."""
    if not event.registration or event.archived_at is not None:
        return False
    last = session.scalar(select(func.max(Slot.end)).where(Slot.of(event.id)))
    return last is None or last > now


def _by_token(session: Session, token: str, now: datetime) -> tuple[FirmRegistration, Event]:
    found = session.scalar(select(FirmRegistration).where(FirmRegistration.token_hash == hash_token(token)))
    event = session.get_one(Event, found.event_id) if found is not None else None
    if found is None or event is None or not _is_open(session, event, now):
        raise UnusableRegistration
    if found.expires_at <= now:
        raise UnusableRegistration(event.key)
    return found, event


def _has_links(session: Session, event_id: int, email: str) -> bool:
    """Return True if the mailbox of an address has the maximum of valid links."""
    unconfirmed = FirmRegistration.state == RegistrationState.UNCONFIRMED
    alike = [
        FirmRegistration.email.startswith(email[0], autoescape=True)
        & FirmRegistration.email.endswith(f"@{domain}", autoescape=True)
        for domain in mailbox_domains(email)
    ]
    emails = session.scalars(
        select(FirmRegistration.email).where(FirmRegistration.event_id == event_id, unconfirmed, or_(*alike))
    )
    mailbox = canonical_mailbox(email)
    return sum(canonical_mailbox(each) == mailbox for each in emails) >= MAX_UNCONFIRMED


def _is_full(session: Session, event_id: int) -> bool:
    waiting = FirmRegistration.state == RegistrationState.WAITING
    of_event = FirmRegistration.event_id == event_id, waiting
    return session.scalars(select(func.count()).where(*of_event)).one() >= MAX_WAITING


def _is_expired(event_id: int, now: datetime) -> ColumnElement[bool]:
    """SQL condition: registrations that were not confirmed in time."""
    late = FirmRegistration.expires_at <= now
    never = FirmRegistration.state == RegistrationState.UNCONFIRMED
    return (FirmRegistration.event_id == event_id) & never & late


def _open_event_view(session: Session, event: Event) -> OpenEvent:
    return OpenEvent(
        key=event.key,
        name=event.name,
        language=event.language,
        contact=event.contact,
        is_rehearsing=event.live_at is None,
        brand=brands.brand_of(event),
        areas=event.named_areas,
        halls=list_halls(session, event.id),
    )
