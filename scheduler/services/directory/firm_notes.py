"""Private notes of a firm about another: saved, note, dismissed, and excluded from meetings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session, aliased

from scheduler.domain import fields
from scheduler.domain.entities import OPEN_REQUESTS
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import FirmRef, find_firm, firm_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.text import clean_lines
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Firm, FirmNote, MeetingRequest
from scheduler.storage.rows import rows_of


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An exclusion: a firm stated that it must never meet another. For organisers.

    `interest_reported_at` is when the other firm reported that it would have sent a request.
    """

    firm: FirmRef
    other: FirmRef
    since: datetime
    interest_reported_at: datetime | None


def save_firm(session: Session, actor: Actor, firm_key: str, *, is_saved: bool, now: datetime) -> None:
    """Save a firm to the own list, or remove it. Raises NotFound, NotAllowed, InvalidInput."""
    _note_about(session, actor, _other(session, actor, firm_key), now).is_saved = is_saved
    session.flush()


def dismiss_firm(session: Session, actor: Actor, firm_key: str, *, is_dismissed: bool, now: datetime) -> None:
    """Dismiss a firm so that it is no longer suggested, or undo that.

    Raises the same errors as `save_firm`.
    """
    note = _note_about(session, actor, _other(session, actor, firm_key), now)
    note.dismissed_at = now if is_dismissed else None
    session.flush()


def write_note(session: Session, actor: Actor, firm_key: str, text: str, *, now: datetime) -> None:
    """Store the own firm's private note about a firm.

    An empty one is removed. Raises the same errors as `save_firm`.
    """
    text = clean_lines(text)
    fields.require_valid("note", text, fields.Note)
    _note_about(session, actor, _other(session, actor, firm_key), now).note = text
    session.flush()


def exclude_firm(session: Session, actor: Actor, firm_key: str, *, now: datetime) -> None:
    """Exclude meetings between the own firm and this one. No request can be sent either way from now on.

    Raises InvalidInput while a request between the two is open, and the same errors as `save_firm`.
    """
    other = _other(session, actor, firm_key)
    own = actor.firm_id or 0
    # FOR UPDATE: a concurrent request between the two waits, and then finds the exclusion.
    locked = select(Firm.id).where(Firm.id.in_((own, other.id))).order_by(Firm.id).with_for_update()
    session.execute(locked).all()
    is_open = MeetingRequest.of_pair(own, other.id) & MeetingRequest.state.in_(OPEN_REQUESTS)
    open_key = session.scalar(select(MeetingRequest.key).where(is_open))
    if open_key is not None:
        sentence = gettext_lazy(
            "decline or cancel your open request with this company first (%(key)s)", key=open_key
        )
        raise InvalidInput([Fault("firm", sentence)])
    note = _note_about(session, actor, other, now)
    if note.blocked_since is None:
        note.blocked_since = now
        session.flush()
        about = pgettext_lazy("audit log", "exhibitor %(key)s: requests blocked", key=other.key)
        recording.record_act(session, actor, Act.EXCLUSION, about, now=now)


def readmit_firm(session: Session, actor: Actor, firm_key: str, *, now: datetime) -> None:
    """Remove the exclusion. Raises the same errors as `save_firm`."""
    other = _other(session, actor, firm_key)
    note = _note_about(session, actor, other, now)
    if note.blocked_since is not None:
        note.blocked_since = note.interest_reported_at = None
        session.flush()
        about = pgettext_lazy("audit log", "exhibitor %(key)s: requests allowed again", key=other.key)
        recording.record_act(session, actor, Act.EXCLUSION, about, now=now)


def report_interest(session: Session, actor: Actor, firm_key: str, *, now: datetime) -> bool:
    """Report to organisers that the own firm would have sent a request to a firm that excluded it.

    Return True if there is such an exclusion. Raises the same errors as `save_firm`.
    """
    other = _other(session, actor, firm_key)
    told = session.scalar(
        update(FirmNote)
        .where(
            FirmNote.firm_id == other.id,
            FirmNote.other_firm_id == actor.firm_id,
            FirmNote.blocked_since.is_not(None),
        )
        .values(interest_reported_at=now)
        .returning(FirmNote.firm_id)
    )
    return told is not None


_REFUSAL = (
    select(FirmNote.firm_id)
    .join(Firm, Firm.id == FirmNote.firm_id)
    .where(
        Firm.event_id == bindparam("event"),
        Firm.key == bindparam("key"),
        FirmNote.other_firm_id == bindparam("own"),
        FirmNote.blocked_since.is_not(None),
    )
)


def refuses_requests(session: Session, actor: Actor, firm_key: str) -> bool:
    """Return True if a firm accepts no requests from the actor's firm."""
    actor.require(Right.READ_DIRECTORY)
    asked = {"event": actor.event_id, "key": firm_key, "own": actor.firm_id}
    return rows_of(session, _REFUSAL, **asked).scalar() is not None


def list_exclusions(session: Session, actor: Actor, *, number: int = 1, limit: int = 30) -> Page[Exclusion]:
    """Return a page of exclusions, latest first, for organisers. Takes at most two queries."""
    actor.require(Right.READ_REQUESTS)
    firm, other = aliased(Firm), aliased(Firm)
    query = (
        select(
            *firm_columns(firm), *firm_columns(other), FirmNote.blocked_since, FirmNote.interest_reported_at
        )
        .select_from(FirmNote)
        .join(firm, firm.id == FirmNote.firm_id)
        .join(other, other.id == FirmNote.other_firm_id)
        .where(firm.event_id == actor.event_id, FirmNote.blocked_since.is_not(None))
    )
    order = Order(
        "exclusions", (FirmNote.blocked_since, firm.id, other.id), (datetime, int, int), descending=True
    )
    page = fetch_page(session, query, order, number=number, limit=limit)
    return page.of(Exclusion(FirmRef(*row[:4]), FirmRef(*row[4:8]), row[8], row[9]) for row in page.items)


_ONE: BindParameter[int] = bindparam("one")
_OTHER: BindParameter[int] = bindparam("other")
_NEVER = select(FirmNote.firm_id).where(
    or_(
        and_(FirmNote.firm_id == _ONE, FirmNote.other_firm_id == _OTHER),
        and_(FirmNote.firm_id == _OTHER, FirmNote.other_firm_id == _ONE),
    ),
    FirmNote.blocked_since.is_not(None),
)


def excluding_firms(session: Session, one: int, other: int) -> set[int]:
    """Return which of the two firms have excluded the other. Used where requests are written."""
    return set(rows_of(session, _NEVER, one=one, other=other).scalars())


def list_unsuggested(session: Session, firm_id: int) -> set[int]:
    """Return the firms not to suggest to this one: excluded by either, or dismissed by it."""
    is_own, is_theirs = FirmNote.firm_id == firm_id, FirmNote.other_firm_id == firm_id
    never = FirmNote.blocked_since.is_not(None)
    query = select(FirmNote.firm_id, FirmNote.other_firm_id).where(
        or_(and_(is_own, or_(never, FirmNote.dismissed_at.is_not(None))), and_(is_theirs, never))
    )
    return _others(firm_id, session.execute(query))


def list_dismissed(session: Session, actor: Actor) -> tuple[FirmRef, ...]:
    """Return all firms that the own one dismissed, latest first. One query."""
    actor.require(Right.READ_DIRECTORY)
    query = (
        select(*firm_columns(Firm))
        .join(FirmNote, FirmNote.other_firm_id == Firm.id)
        .where(
            FirmNote.firm_id == actor.firm_id,
            FirmNote.dismissed_at.is_not(None),
            Firm.withdrawn_at.is_(None),
        )
        .order_by(FirmNote.dismissed_at.desc(), Firm.id)
    )
    return tuple(FirmRef(*row[:4]) for row in session.execute(query))


def list_saved(session: Session, actor: Actor, keys: Iterable[str]) -> frozenset[str]:
    """Return those of the keys whose firms are on the own list. One query."""
    actor.require(Right.READ_DIRECTORY)
    query = (
        select(Firm.key)
        .join(FirmNote, FirmNote.other_firm_id == Firm.id)
        .where(FirmNote.firm_id == actor.firm_id, FirmNote.is_saved, in_chunks(Firm.key, keys))
    )
    return frozenset(session.scalars(query))


def _others(firm_id: int, pairs: Iterable[tuple[int, int]]) -> set[int]:
    return {each for pair in pairs for each in pair} - {firm_id}


def _other(session: Session, actor: Actor, firm_key: str) -> Firm:
    actor.require(
        Right.EDIT_FIRM_NOTES,
        firm_id=actor.firm_id,
        sentence=gettext_lazy("Only company contacts can save notes for their company."),
    )
    other = find_firm(session, actor.event_id, firm_key)
    if other.id == actor.firm_id:
        raise InvalidInput([Fault("firm", gettext_lazy("choose another company; this one is your own"))])
    return other


def _note_about(session: Session, actor: Actor, other: Firm, now: datetime) -> FirmNote:
    """Return the note row of the two firms, created if needed. Concurrent colleagues get the same row."""
    own = actor.firm_id or 0
    # serialised per firm, so that two colleagues do not both insert the row
    session.execute(select(Firm.id).where(Firm.id == own).with_for_update(key_share=True))
    note = session.get(FirmNote, (own, other.id), populate_existing=True)
    if note is None:
        note = FirmNote(firm_id=own, other_firm_id=other.id)
        session.add(note)
    note.changed_by, note.changed_at = actor.attendee_id, now
    return note
