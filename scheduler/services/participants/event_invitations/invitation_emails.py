"""Event invitations by email: counts of people not invited or not signed in, and sending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, case, func, select, true, update
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import choose_language
from scheduler.invites.mail.link_mail import NOTE_LIMIT
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.text import clean_line
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, Firm

REMINDER_INTERVAL = timedelta(days=3)
"""Minimum time between the last invitation and a reminder."""


class Invitees(StrEnum):
    """Recipients of an invitation."""

    NEW = "new"
    """Not invited, and never signed in."""
    REMINDED = "reminded"
    """Invited some days ago, and not signed in since."""


@dataclass(frozen=True, slots=True)
class InvitationCounts:
    """Invitation counts of exhibitors or of other attendees.

    `new` and `due` can be invited or reminded now. `waits` were invited recently. `came` have signed in.
    `bounced` addresses get no email. `last` is when an invitation was last queued.
    """

    new: int = 0
    due: int = 0
    waits: int = 0
    came: int = 0
    bounced: int = 0
    last: datetime | None = None

    @property
    def everybody(self) -> int:
        return self.new + self.due + self.waits + self.came + self.bounced


def count_invitations(
    session: Session, actor: Actor, *, now: datetime
) -> tuple[InvitationCounts, InvitationCounts]:
    """Return the counts of exhibitors, and those of other attendees."""
    actor.require(Right.READ_EMAIL_QUEUE)
    kinds = {
        "bounced": Attendee.bounced_at.is_not(None),
        "came": Attendee.first_sign_in_at.is_not(None),
        "new": Attendee.invited_at.is_(None),
        "due": Attendee.invited_at <= now - REMINDER_INTERVAL,
    }
    kind = case(*((condition, name) for name, condition in kinds.items()), else_="waits")
    query = (
        select(Attendee.is_exhibitor, kind, func.count(), func.max(Attendee.invited_at))
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(_takes_part(actor.event_id))
        .group_by(Attendee.is_exhibitor, kind)
    )
    counts: dict[bool, dict[str, int]] = {True: {}, False: {}}
    last: dict[bool, list[datetime]] = {True: [], False: []}
    for is_exhibitor, name, count, latest in session.execute(query):
        counts[is_exhibitor][name] = count
        last[is_exhibitor] += [latest] if latest else []
    found = [
        InvitationCounts(**counts[which], last=max(last[which], default=None)) for which in (True, False)
    ]
    return found[0], found[1]


def count_uninvited(session: Session, event_id: int) -> int:
    """Count the exhibitors that a new invitation would reach."""
    new = _reachable(event_id), Attendee.is_exhibitor, Attendee.invited_at.is_(None)
    query = select(func.count()).select_from(Attendee)
    return session.scalars(query.join(Firm, Firm.id == Attendee.firm_id).where(*new)).one()


def send_invitations(
    session: Session,
    actor: Actor,
    group: Invitees,
    *,
    note: str = "",
    with_attendees: bool = False,
    now: datetime,
) -> int:
    """Queue an email to each person of a group. Return their number. The caller sends the outbox after the
    commit.

    The event's rate limit applies. Exhibitors are asked to choose partners, others to enter busy times.
    Concurrent calls send each email once. Raises InvalidInput for `note`.
    """
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    note = clean_line(note)
    if len(note) > NOTE_LIMIT:
        raise InvalidInput(
            [Fault("note", gettext_lazy("enter at most %(most)s characters", most=NOTE_LIMIT))]
        )
    event = session.get_one(Event, actor.event_id)
    ids = list(session.scalars(_select_group(event.id, group, with_attendees=with_attendees, now=now)))
    if not ids:
        return 0
    invited = {"invited_at": now, "updated_at": Attendee.updated_at}  # no list of updates shows it
    session.execute(update(Attendee).where(in_chunks(Attendee.id, ids)).values(invited))
    query = select(Attendee, Firm).join(Firm, Firm.id == Attendee.firm_id)
    people = session.execute(query.where(in_chunks(Attendee.id, ids)).order_by(Attendee.id))
    letters.queue_letters(session, [_letter(event, person, firm, note) for person, firm in people], now=now)
    about = pgettext_lazy("audit log", "people invited to the event: %(number)s", number=len(ids))
    recording.record_act(session, actor, Act.EMAILS, about, after={"note": note}, now=now)
    return len(ids)


def _letter(event: Event, person: Attendee, firm: Firm, note: str) -> NewLetter:
    language = choose_language(person.mail_language, person.languages, event.language)
    return NewLetter(
        letter="welcome" if person.is_exhibitor else "attendee",
        to_address=person.email,
        to_name=person.name,
        language=language,
        event=event.name,
        values={"firm": names.display_both(firm.name, firm.latin_name, language), "note": note},
        path=f"/events/{event.key}",
        event_id=event.id,
        attendee_id=person.id,
    )


def _select_group(event_id: int, group: Invitees, *, with_attendees: bool, now: datetime) -> Select[int]:
    """Select and lock the people, so that only one of two concurrent calls sends."""
    is_new = Attendee.invited_at.is_(None)
    query = (
        select(Attendee.id)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(
            _reachable(event_id),
            is_new if group is Invitees.NEW else Attendee.invited_at <= now - REMINDER_INTERVAL,
            true() if with_attendees else Attendee.is_exhibitor,
        )
        .order_by(Attendee.id)
    )
    return query.with_for_update(of=Attendee, key_share=True)


def _reachable(event_id: int) -> ColumnElement[bool]:
    """SQL condition: participates, can receive email, and has never signed in."""
    return and_(_takes_part(event_id), Attendee.bounced_at.is_(None), Attendee.first_sign_in_at.is_(None))


def _takes_part(event_id: int) -> ColumnElement[bool]:
    return and_(Attendee.event_id == event_id, Attendee.withdrawn_at.is_(None), Firm.withdrawn_at.is_(None))
