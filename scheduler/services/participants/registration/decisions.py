"""Accept a registration as a new firm, attach it to an existing firm, or decline it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields, names
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.domain.team import RegistrationState
from scheduler.i18n import display_name, gettext_lazy
from scheduler.services import links
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity import consents
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.participants.journal import StepKind, record_step
from scheduler.services.participants.registration.form import RegistrationForm, check_form, list_halls
from scheduler.services.participants.registration.registrations import PAGE_SIZE, make_form
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.firms import import_firms
from scheduler.services.spreadsheets.people import import_people
from scheduler.services.text import clean_line, is_storable
from scheduler.sheets.tables import SheetRow, WorkbookSheet
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, Firm, FirmRegistration

_MAX_ID = 2**31 - 1
_FIRM = ("name", "latin_name", "country", "tier", "areas", "hall", "booth", "website")
_PERSON = ("firm", "name", "latin_name", "email", "title", "languages", "exhibitor", "mail_language")


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """Result of a bulk decision: number decided, and skipped registrations with the reason, by name."""

    count: int
    left: tuple[tuple[str, str], ...]


def accept_registration(
    session: Session,
    actor: Actor,
    number: int,
    form: RegistrationForm,
    *,
    settings: Settings,
    now: datetime,
) -> str:
    """Create a firm and its exhibitor from a registration, as corrected in `form`, and email the person.

    Return the firm's key. Raises NotFound, WrongState, InvalidInput by field.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    row = _lock_waiting(session, actor, number)
    said = _checked(session, actor, replace(form, email=row.email))  # the confirmed address
    _require_new(session, actor, row.email)
    with _accepting(session, actor, row, names.record_name(said["name"], said["latin_name"]), now=now):
        firm = _new_firm(session, actor, said)
        _new_person(session, actor, firm, said, settings=settings, now=now)
        row.firm_id = firm.id
    _send_welcome(session, actor, row, firm, now=now)
    return firm.key


def join_firm(
    session: Session, actor: Actor, number: int, key: str, *, settings: Settings, now: datetime
) -> str:
    """Add the registration's person to an existing firm, which does not change otherwise.

    Return the firm's key. Raises like `accept_registration`, and InvalidInput for `into` if the firm is
    unknown.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    row = _lock_waiting(session, actor, number)
    firm = _find_firm(session, actor, key)
    said = _checked(session, actor, make_form(row, list_halls(session, actor.event_id)))
    with _accepting(session, actor, row, names.record_name(firm.name, firm.latin_name), now=now):
        if not _is_of(session, actor, row.email, firm):
            _require_new(session, actor, row.email)
            _new_person(session, actor, firm, said, settings=settings, now=now)
        row.firm_id = firm.id
    _send_welcome(session, actor, row, firm, now=now)
    return firm.key


def decline_registration(session: Session, actor: Actor, number: int, reason: str, *, now: datetime) -> None:
    """Decline a registration and email the reason to the person.

    Raises NotFound, WrongState, InvalidInput.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    row = _lock_waiting(session, actor, number)
    row.reason = _reason(reason)
    row.state, row.decided_at, row.decided_by = RegistrationState.DECLINED, now, actor.account_id
    event = session.get_one(Event, actor.event_id)
    path = links.register(event.key)
    _queue_letter(
        session,
        event,
        row,
        "unregistered",
        path=path,
        now=now,
        firm=_display_name(row, row),
        reason=row.reason,
    )
    after = {"declined": row.reason}
    about = pgettext_lazy(
        "audit log", "registration of %(firm)s declined", firm=names.record_name(row.name, row.latin_name)
    )
    recording.record_act(session, actor, Act.REGISTRATION, about, after=after, now=now)


def accept_registrations(
    session: Session, actor: Actor, numbers: Sequence[int], *, settings: Settings, now: datetime
) -> DecisionResult:
    """Bulk-accept; invalid registrations are skipped. Raises InvalidInput."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    halls = list_halls(session, actor.event_id)

    def one(row: FirmRegistration) -> None:
        accept_registration(session, actor, row.id, make_form(row, halls), settings=settings, now=now)

    return _decide_each(session, actor, numbers, one)


def decline_registrations(
    session: Session, actor: Actor, numbers: Sequence[int], reason: str, *, now: datetime
) -> DecisionResult:
    """Decline several registrations for the same reason. Raises InvalidInput."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    _reason(reason)
    return _decide_each(
        session, actor, numbers, lambda row: decline_registration(session, actor, row.id, reason, now=now)
    )


def _decide_each(
    session: Session, actor: Actor, numbers: Sequence[int], do: Callable[[FirmRegistration], None]
) -> DecisionResult:
    if not 1 <= len(set(numbers)) <= PAGE_SIZE:
        raise InvalidInput(
            [Fault("numbers", gettext_lazy("select 1 to %(most)s rows first", most=PAGE_SIZE))]
        )
    ids = [number for number in numbers if 0 < number <= _MAX_ID]
    of_event = FirmRegistration.event_id == actor.event_id, in_chunks(FirmRegistration.id, ids)
    waits = FirmRegistration.state == RegistrationState.WAITING
    query = select(FirmRegistration).where(*of_event, waits).order_by(FirmRegistration.id)
    done, left = 0, []
    for row in session.scalars(query).all():
        name = display_name(row.name, row.latin_name)
        try:
            with session.begin_nested():
                do(row)
            done += 1
        except InvalidInput as error:
            left.append((name, error.faults[0].message))
        except WrongState as error:
            left.append((name, error.user_message))
    return DecisionResult(done, tuple(left))


def _lock_waiting(session: Session, actor: Actor, number: int) -> FirmRegistration:
    """Return the registration, locked. Raises NotFound, and WrongState if it is already decided."""
    row = session.scalar(
        select(FirmRegistration)
        .where(FirmRegistration.event_id == actor.event_id, FirmRegistration.id == min(number, _MAX_ID))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None or row.state is RegistrationState.UNCONFIRMED:
        raise NotFound("registration", number)
    if row.state is not RegistrationState.WAITING:
        told = gettext_lazy("Someone has already decided on this registration.")
        raise WrongState("registration", row.latin_name, row.state, "decided", user_message=told)
    return row


def _reason(typed: str) -> str:
    reason = clean_line(typed)
    if not reason:
        raise InvalidInput([Fault("reason", gettext_lazy("enter a reason for the person to read"))])
    fields.require_valid("reason", reason, fields.DeclineReason)
    return reason


def _find_firm(session: Session, actor: Actor, key: str) -> Firm:
    of_event = Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None)
    found = session.scalar(select(Firm).where(*of_event, Firm.key == key)) if is_storable(key) else None
    if found is None:
        sentence = gettext_lazy("enter the ID of an exhibitor that takes part, as shown on its page")
        raise InvalidInput([Fault("into", sentence)])
    return found


def _is_of(session: Session, actor: Actor, email: str, firm: Firm) -> bool:
    """Return True if an attendee of the firm has the address."""
    here = Attendee.event_id == actor.event_id, Attendee.firm_id == firm.id, Attendee.withdrawn_at.is_(None)
    return session.scalar(select(Attendee.id).where(*here, Attendee.email == email)) is not None


def _require_new(session: Session, actor: Actor, email: str) -> None:
    """Raises InvalidInput if a participant has the address, because an import would update that person."""
    query = select(Attendee.withdrawn_at, Firm.name, Firm.latin_name).join(Firm, Firm.id == Attendee.firm_id)
    found = session.execute(query.where(Attendee.event_id == actor.event_id, Attendee.email == email)).first()
    if found is None:
        return
    left, *forms = found
    name = display_name(*forms)
    if left is not None:
        said = gettext_lazy(
            "this address belongs to a removed attendee of %(firm)s, so restore that person instead",
            firm=name,
        )
    else:
        said = gettext_lazy(
            "this address already belongs to an attendee of %(firm)s, so add the person to "
            "that exhibitor instead",
            firm=name,
        )
    raise InvalidInput([Fault("email", said)])


def _checked(session: Session, actor: Actor, form: RegistrationForm) -> dict[str, Any]:
    event = session.get_one(Event, actor.event_id)
    return check_form(event, list_halls(session, event.id), form, is_test=True)


@contextmanager
def _accepting(
    session: Session, actor: Actor, row: FirmRegistration, subject: str, *, now: datetime
) -> Iterator[None]:
    """Context manager: record one step that can be undone. Undoing it reopens the registration."""
    with record_step(session, actor, StepKind.REGISTRATION, ImportKind.FIRMS, subject, now=now):
        yield
        row.state, row.decided_at, row.decided_by = RegistrationState.ACCEPTED, now, actor.account_id
    after = {"accepted": subject}
    about = pgettext_lazy(
        "audit log", "registration of %(firm)s accepted", firm=names.record_name(row.name, row.latin_name)
    )
    recording.record_act(session, actor, Act.REGISTRATION, about, after=after, now=now)


def _send_welcome(
    session: Session, actor: Actor, row: FirmRegistration, firm: Firm, *, now: datetime
) -> None:
    event = session.get_one(Event, actor.event_id)
    mine = Attendee.event_id == event.id, Attendee.email == row.email
    person_id = session.scalars(
        update(Attendee).where(*mine).values(invited_at=now).returning(Attendee.id)
    ).one()
    consents.record_registered(session, person_id, event.id, row.consents, decided_at=row.created_at)
    _queue_letter(
        session, event, row, "registered", path=f"/events/{event.key}", now=now, firm=_display_name(firm, row)
    )


def _new_firm(session: Session, actor: Actor, said: dict[str, Any]) -> Firm:
    """Create the firm by an import.

    The name must be unused, because an import would update a firm of that name.
    """
    forms = {normalize_text(said["name"]), normalize_text(said["latin_name"])}
    known = select(Firm.key, Firm.name, Firm.latin_name).where(Firm.event_id == actor.event_id)
    for key, *others in session.execute(known):
        if forms & set(map(normalize_text, others)):
            sentence = gettext_lazy(
                "an exhibitor of this event (%(key)s) already has this name, so add the person to it instead",
                key=key,
            )
            raise InvalidInput([Fault("name", sentence)])
    cells = said | {"tier": said["tier"].value, "areas": "; ".join(said["areas"])}
    _import(_FIRM, cells, lambda sheet: import_firms(session, actor, sheet))
    newest = select(func.max(Firm.id)).where(Firm.event_id == actor.event_id, Firm.name == said["name"])
    return session.get_one(Firm, session.scalars(newest).one())


def _new_person(
    session: Session, actor: Actor, firm: Firm, said: dict[str, Any], *, settings: Settings, now: datetime
) -> None:
    cells = {
        "firm": firm.key,
        "name": said["person"],
        "latin_name": said["latin_person"],
        "email": said["email"],
        "title": said["title"],
        "languages": "; ".join(said["languages"]),
        "exhibitor": "yes",
        "mail_language": said["mail_language"],
    }
    _import(_PERSON, cells, lambda sheet: import_people(session, actor, sheet, settings=settings, now=now))


def _import(columns: Sequence[str], cells: dict[str, Any], do: Callable[[WorkbookSheet], Any]) -> None:
    """Import one row, with faults by field."""
    sheet = WorkbookSheet("", (SheetRow(1, tuple(columns)), SheetRow(2, tuple(cells[c] for c in columns))))
    try:
        do(sheet)
    except InvalidInput as error:
        faults = [Fault(fault.path.rpartition(", ")[2], fault.message) for fault in error.faults]
        raise InvalidInput(faults) from None


def _display_name(firm: Firm | FirmRegistration, row: FirmRegistration) -> str:
    """Return the firm's name as shown in the email to its registrant."""
    return names.display_both(firm.name, firm.latin_name, row.mail_language)


def _queue_letter(
    session: Session,
    event: Event,
    row: FirmRegistration,
    letter: str,
    *,
    path: str,
    now: datetime,
    **values: str,
) -> None:
    made = NewLetter(
        letter=letter,
        to_address=row.email,
        to_name=row.person,
        language=row.mail_language,
        event=event.name,
        values=values,
        path=path,
        about_event_id=event.id,
    )
    letters.queue_letters(session, [made], now=now)
