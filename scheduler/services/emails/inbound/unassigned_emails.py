"""Unassigned emails, whose event is unknown: operators assign or ignore them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, MailOutcome
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.i18n import gettext_lazy, ngettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.emails.inbound.incoming_emails import IncomingEmail, show_email
from scheduler.services.emails.inbound.intake import record_verdict
from scheduler.services.emails.inbound.verdicts import Verdict
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.operations import alerts
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.storage.models import Event, InboundEmail

PATH = "/operators/unassigned-emails"
_NEWEST = Order("unplaced", (InboundEmail.id,), (int,), descending=True)
_OF_NO_EVENT = InboundEmail.event_id.is_(None)


@dataclass(frozen=True, slots=True)
class EventChoice:
    """An event that an email can be assigned to."""

    key: str
    name: str


def update_alert(session: Session, *, now: datetime) -> None:
    """Alert the operators while unassigned emails wait. The alert ends when none does."""
    session.flush()
    waits = select(func.count()).where(_OF_NO_EVENT, InboundEmail.outcome == MailOutcome.WAITING)
    count = session.scalars(waits).one()
    if count == 0:
        alerts.end_alert(session, AlertKind.MAIL_UNPLACED, event_id=None, now=now)
        return
    reason = ngettext_lazy(
        "%(num)s email couldn't be matched to an event. Move it to its event, or ignore it.",
        "%(num)s emails couldn't be matched to an event. Move each one to its event, or ignore it.",
        count,
    )
    alerts.raise_alert(
        session, AlertKind.MAIL_UNPLACED, event_id=None, about="", reason=reason, path=PATH, now=now
    )


def list_unassigned(
    session: Session, asker: SignedIn, *, number: int = 1, limit: int = 50
) -> Page[IncomingEmail]:
    """Return the unassigned emails, newest first. Raises NotAllowed if the asker is not an operator."""
    _require(asker)
    query = select(InboundEmail).where(_OF_NO_EVENT, InboundEmail.outcome != MailOutcome.RECEIVED)
    page = fetch_page(session, query, _NEWEST, number=number, limit=limit)
    return page.of(show_email(session, row[0]) for row in page.items)


def get_unassigned(session: Session, asker: SignedIn, mail_id: int) -> IncomingEmail:
    """Return one unassigned email. Raises NotAllowed, NotFound."""
    return show_email(session, _mail(session, asker, mail_id))


def get_raw_email(session: Session, asker: SignedIn, mail_id: int, *, now: datetime) -> bytes:
    """Return the raw octets of an email, which is audit-logged.

    Raises like `get_unassigned`, and RecentSignInRequired.
    """
    found = _mail(session, asker, mail_id)
    asker.require_fresh(gettext_lazy("view the original email"))
    about = pgettext_lazy("audit log", "original email %(number)s", number=mail_id)
    _note(session, asker, about, now, act=Act.EXPORT)
    return found.raw


def list_events(session: Session, asker: SignedIn) -> Sequence[EventChoice]:
    """Return the events that an email can be assigned to, newest first."""
    _require(asker)
    going_on = select(Event.key, Event.name).where(Event.archived_at.is_(None)).order_by(Event.id.desc())
    return [EventChoice(key, name) for key, name in session.execute(going_on.limit(200))]


def assign_to_event(session: Session, asker: SignedIn, mail_id: int, event_key: str, *, now: datetime) -> str:
    """Assign a waiting email to an event, whose organisers then decide on it. Return the event's name.

    Raises NotAllowed, NotFound, WrongState, InvalidInput.
    """
    mail = _waiting(session, asker, mail_id)
    event = session.scalar(
        select(Event).where(Event.by_key(event_key.replace("\x00", "")), Event.archived_at.is_(None))
    )
    if event is None:
        raise InvalidInput([Fault("event", gettext_lazy("Choose an event from the list."))])
    mail.event_id = event.id
    _note(
        session, asker, pgettext_lazy("audit log", "email %(number)s moved to an event", number=mail_id), now
    )
    update_alert(session, now=now)
    return event.name


def ignore_email(session: Session, asker: SignedIn, mail_id: int, *, now: datetime) -> None:
    """Ignore a waiting email. Raises NotAllowed, NotFound, WrongState."""
    mail = _waiting(session, asker, mail_id)
    verdict = Verdict(MailOutcome.IGNORED, gettext_lazy("An operator ignored this email."))
    record_verdict(mail, verdict, now, by=asker.account_id)
    _note(session, asker, pgettext_lazy("audit log", "email %(number)s ignored", number=mail_id), now)
    update_alert(session, now=now)


def _note(
    session: Session, asker: SignedIn, about: AuditSubject, now: datetime, *, act: Act = Act.INBOX
) -> None:
    doer = NamedDoer(account_id=asker.account_id, roles=("operator",))
    recording.record_act(session, doer, act, about, now=now)


def _mail(session: Session, asker: SignedIn, mail_id: int) -> InboundEmail:
    _require(asker)
    mail = session.get(InboundEmail, mail_id)
    if mail is None or mail.event_id is not None or mail.outcome is MailOutcome.RECEIVED:
        raise NotFound("mail", mail_id)
    return mail


def _waiting(session: Session, asker: SignedIn, mail_id: int) -> InboundEmail:
    mail = _mail(session, asker, mail_id)
    session.refresh(mail, with_for_update={"key_share": True})
    if mail.outcome is not MailOutcome.WAITING or mail.event_id is not None:
        raise WrongState("email", mail_id, mail.outcome.value, "handled")
    return mail


def _require(asker: SignedIn) -> None:
    if not asker.is_operator:
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))
