"""Emails that an event in rehearsal recorded without sending: a list, and each as rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import NotFound
from scheduler.services import links
from scheduler.services.delivery import rehearsal_delivery, rendering
from scheduler.services.directory.references import FirmRef, PersonRef, firm_ref, person_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import outbox
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.text import match_condition
from scheduler.storage.models import Attendee, Firm, OutboxEmail

SAMPLES: Final = rehearsal_delivery.SAMPLES
"""Number of emails of each kind per hour that are also sent to each organiser as samples."""

_SEARCHED = (
    OutboxEmail.to_address,
    OutboxEmail.to_name,
    Attendee.latin_name,
    Firm.name,
    Firm.latin_name,
)
_NEWEST = Order("rehearsal", (OutboxEmail.id,), (int,), descending=True)


@dataclass(frozen=True, slots=True)
class RehearsedEmail:
    """A recorded email that was not sent. `label` is that of `payloads.mail_label`."""

    id: int
    label: str
    address: str
    name: str
    person: PersonRef | None
    firm: FirmRef | None
    at: datetime


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """A rehearsed email as its recipient would have seen it.

    Its links are inactive. `files` are attachment names.
    """

    mail: RehearsedEmail
    subject: str
    text: str
    html: str
    files: tuple[str, ...]


def count_rehearsed_emails(session: Session, actor: Actor) -> Mapping[str, int]:
    """Count rehearsed emails by label, most frequent first."""
    actor.require(Right.READ_EMAIL_QUEUE)
    query = (
        select(OutboxEmail.rehearsed_as, func.count()).where(_mine(actor)).group_by(OutboxEmail.rehearsed_as)
    )
    found = {what or "": count for what, count in session.execute(query)}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def list_rehearsed_emails(
    session: Session,
    actor: Actor,
    *,
    label: str = "",
    search: str = "",
    cursor: str | None = None,
    number: int = 1,
    limit: int = 50,
) -> Page[RehearsedEmail]:
    """Return a page of the event's rehearsed emails, newest first.

    Filters by label, and by words that all occur in the name, address or firm.
    """
    actor.require(Right.READ_CALENDAR_STATUS)
    query = _query().where(_mine(actor))
    if label:
        query = query.where(OutboxEmail.rehearsed_as == label)
    query = query.where(match_condition(search, _SEARCHED))
    page = fetch_page(session, query, _NEWEST, cursor=cursor, number=number, limit=limit)
    return page.of(_mail(row[0], row[1], row[2]) for row in page.items)


def show_rehearsed_email(
    session: Session, actor: Actor, mail_id: int, *, settings: Settings
) -> RenderedEmail:
    """Return a rehearsed email as its recipient would have seen it. Raises NotFound."""
    actor.require(Right.READ_CALENDAR_STATUS)
    row = session.execute(_query().where(_mine(actor), OutboxEmail.id == mail_id)).first()
    if row is None:
        raise NotFound("mail", str(mail_id))
    path = links.rehearsed_mail(actor.event_key, mail_id)
    shown = rendering.render_rehearsed(settings, outbox.content_of(row[0]), language="en", path=path)
    return RenderedEmail(
        mail=_mail(row[0], row[1], row[2]),
        subject=shown.own_subject,
        text=shown.own_text,
        html=shown.own_html,
        files=tuple(file.name for file in shown.files),
    )


def _mine(actor: Actor) -> ColumnElement[bool]:
    of_event = or_(OutboxEmail.event_id == actor.event_id, OutboxEmail.about_event_id == actor.event_id)
    return and_(of_event, OutboxEmail.rehearsed_as.is_not(None))


def _query() -> Select[OutboxEmail, Attendee, Firm]:
    return (
        select(OutboxEmail, Attendee, Firm)
        .outerjoin(Attendee, Attendee.id == OutboxEmail.attendee_id)
        .outerjoin(Firm, Firm.id == Attendee.firm_id)
    )


def _mail(row: OutboxEmail, person: Attendee | None, firm: Firm | None) -> RehearsedEmail:
    return RehearsedEmail(
        id=row.id,
        label=row.rehearsed_as or "",
        address=row.to_address,
        name=row.to_name,
        person=person_ref(person) if person is not None else None,
        firm=firm_ref(firm) if firm is not None else None,
        at=row.sent_at or row.created_at,
    )
