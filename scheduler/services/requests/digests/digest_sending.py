"""Digest emails: one per recipient with all pending items, each item sent once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from scheduler.config import Settings
from scheduler.domain import names
from scheduler.domain.entities import MUST, DigestKind, OutboxKind, RequestState, Side
from scheduler.invites.catalogue import choose_language
from scheduler.invites.mail.digest import WAITING, Digest, DigestEntry
from scheduler.services.identity import preferences
from scheduler.services.identity.tokens import answer_token, hash_token
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.requests.digests.due import (
    DigestReader,
    PendingItem,
    digest_reader,
    immediate_kinds,
    is_digest_due,
    list_pending_items,
)
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    DigestItem,
    DigestPreference,
    Event,
    Firm,
    MeetingRequest,
    OutboxEmail,
)

MOST = 100
"""Emails per transaction. The rest follows in the next."""

_NEVER = datetime.max.replace(tzinfo=UTC)


def _insert(session: Session, table: type[DigestItem] | type[DigestPreference]) -> Any:
    """Return an INSERT that skips existing rows."""
    dialect = {"postgresql": postgresql, "sqlite": sqlite}[session.get_bind().dialect.name]
    return dialect.insert(table).on_conflict_do_nothing()


def queue_due_digests(session: Session, settings: Settings, *, now: datetime) -> int:
    """Create the digests that are due, at most MOST. Return their number.

    Concurrent calls never send an item twice, because the database accepts each item once. Items found during
    the rehearsal of an event that goes live meanwhile are left out.
    """
    begun = select(Event.id, Event.live_at).where(Event.digest_mails).order_by(Event.id)
    before = set(session.execute(begun).all())
    found = list_pending_items(session, now=now)
    if not found:
        return 0
    due = [
        row
        for row in read_recipients(session, found)
        if is_digest_due(_reader(row, now), found[row.Attendee.id], now=now)
    ][:MOST]
    of_due = begun.where(Event.id.in_({row.Event.id for row in due})).with_for_update(key_share=True)
    unchanged = {row.id for row in before.intersection(session.execute(of_due).all())}
    return len(
        queue_digests(session, settings, [row for row in due if row.Event.id in unchanged], found, now=now)
    )


def queue_digests(
    session: Session,
    settings: Settings,
    readers: Sequence[Any],
    found: Mapping[int, Sequence[PendingItem]],
    *,
    again: bool = False,
    now: datetime,
) -> list[NewMail]:
    """Create and queue a digest for each reader, a row of `read_recipients`, with the items `found` for them.

    Items that were sent already are left out, unless `again`.
    """
    ids = {row.Attendee.id: f"<{uuid.uuid4()}@{settings.mail_domain}>" for row in readers}
    mine = {i: found[i] for i in ids}
    number = settings.secret_key.newest
    noted = _note(session, settings, readers, mine, ids, number, now)
    if again:
        _renew_links(session, settings, readers, mine, number)
    told: Mapping[int, Sequence[PendingItem]] = mine if again else noted
    written = [row for row in readers if row.Attendee.id in told]
    requests = _requests(session, {item.request_id for items in told.values() for item in items})
    waiting = _waiting(session, {row.Attendee.firm_id for row in written}, now)
    sent = _sent(session, [row.Attendee.id for row in written])
    mails = []
    for row in written:
        items = _said(told[row.Attendee.id], requests, row)
        others = waiting.get(row.Attendee.firm_id, set()) - {item.request for item in items if item.waits}
        mail = _mail(row, items, others, sent.get(row.Attendee.id), ids[row.Attendee.id], now)
        mails.append(replace(mail, key_number=number))
    outbox.enqueue(session, mails)
    _mark(session, written, now)
    return mails


def read_recipients(session: Session, ids: Iterable[int]) -> Sequence[Any]:
    """Return attendees with their firms, events and digest choices."""
    return session.execute(
        select(Attendee, Firm, Event, DigestPreference)
        .join(Firm, Firm.id == Attendee.firm_id)
        .join(Event, Event.id == Attendee.event_id)
        .outerjoin(DigestPreference, DigestPreference.attendee_id == Attendee.id)
        .where(in_chunks(Attendee.id, ids))
        .order_by(Attendee.id)
    ).all()


def _reader(row: Any, now: datetime) -> DigestReader:
    person, venue = row.Attendee, row.Event.timezone
    own = preferences.choose_timezone(person.timezone, row.Firm.country, now) or venue
    return digest_reader(person.id, own, venue, row.DigestPreference)


def _note(
    session: Session,
    settings: Settings,
    due: Sequence[Any],
    found: Mapping[int, Sequence[PendingItem]],
    message_ids: Mapping[int, str],
    number: int,
    now: datetime,
) -> dict[int, list[PendingItem]]:
    """Insert the items to send before they are sent. Return those that no concurrent call has inserted."""
    if not due:
        return {}
    keys = _keys(session, {item.request_id for items in found.values() for item in items})
    rows = [
        {
            "request_id": item.request_id,
            "attendee_id": row.Attendee.id,
            "kind": item.kind,
            "message_id": message_ids[row.Attendee.id],
            "token_hash": hash_token(
                answer_token(
                    settings.secret_key, keys[item.request_id], row.Attendee.id, row.Attendee.email, number
                )
            )
            if item.kind in WAITING
            else None,
            "key_number": number,
            "created_at": now,
        }
        for row in due
        for item in found[row.Attendee.id]
    ]
    done = session.execute(
        _insert(session, DigestItem).returning(
            DigestItem.request_id, DigestItem.attendee_id, DigestItem.kind
        ),
        rows,
    )
    new = {tuple(row) for row in done}
    kept = {
        attendee_id: [item for item in items if (item.request_id, attendee_id, item.kind) in new]
        for attendee_id, items in found.items()
    }
    return {attendee_id: items for attendee_id, items in kept.items() if items}


def _renew_links(
    session: Session,
    settings: Settings,
    readers: Sequence[Any],
    found: Mapping[int, Sequence[PendingItem]],
    number: int,
) -> None:
    """Record the links of items that are sent again, if an older key derived them before."""
    people = {row.Attendee.id: row.Attendee for row in readers}
    requests = {item.request_id for items in found.values() for item in items}
    older = session.execute(
        select(DigestItem, MeetingRequest.key)
        .join(MeetingRequest, MeetingRequest.id == DigestItem.request_id)
        .where(
            in_chunks(DigestItem.attendee_id, people),
            in_chunks(DigestItem.request_id, requests),
            DigestItem.token_hash.is_not(None),
            DigestItem.key_number != number,
        )
    )
    for item, key in older:
        person = people[item.attendee_id]
        token = answer_token(settings.secret_key, key, person.id, person.email, number)
        item.token_hash, item.key_number = hash_token(token), number
    session.flush()


def _keys(session: Session, ids: Iterable[int]) -> dict[int, str]:
    query = select(MeetingRequest.id, MeetingRequest.key).where(in_chunks(MeetingRequest.id, ids))
    return {row[0]: row[1] for row in session.execute(query)}


def _requests(session: Session, ids: Iterable[int]) -> dict[int, Any]:
    """Return requests with both firms, sender and responder, by id."""
    sender, receiver = aliased(Firm, name="sender"), aliased(Firm, name="receiver")
    asker, answerer = aliased(Attendee, name="asker"), aliased(Attendee, name="answerer")
    rows = session.execute(
        select(MeetingRequest, sender, receiver, asker, answerer)
        .join(sender, sender.id == MeetingRequest.from_firm_id)
        .join(receiver, receiver.id == MeetingRequest.to_firm_id)
        .outerjoin(asker, asker.id == MeetingRequest.created_by)
        .outerjoin(answerer, answerer.id == MeetingRequest.responded_by)
        .where(in_chunks(MeetingRequest.id, ids))
    )
    return {row.MeetingRequest.id: row for row in rows}


def _waiting(session: Session, firm_ids: Iterable[int], now: datetime) -> dict[int, set[int]]:
    """Return ids of the requests that need a response, by firm."""
    expires = MeetingRequest.expires_at
    found: dict[int, set[int]] = defaultdict(set)
    for firm_id, request_id in session.execute(
        select(MeetingRequest.to_firm_id, MeetingRequest.id).where(
            in_chunks(MeetingRequest.to_firm_id, firm_ids),
            MeetingRequest.state == RequestState.PENDING,
            or_(expires.is_(None), expires > now),
        )
    ):
        found[firm_id].add(request_id)
    return found


def _sent(session: Session, ids: Iterable[int]) -> dict[int, set[int]]:
    """Return the requests in digests that were sent, by attendee. Attendees without a digest are missing."""
    found: dict[int, set[int]] = defaultdict(set)
    for attendee_id, request_id in session.execute(
        select(DigestItem.attendee_id, DigestItem.request_id)
        .join(OutboxEmail, OutboxEmail.message_id == DigestItem.message_id)
        .where(in_chunks(DigestItem.attendee_id, ids), OutboxEmail.attempts > 0)
    ):
        found[attendee_id].add(request_id)
    return found


def _said(items: Sequence[PendingItem], requests: Mapping[int, Any], row: Any) -> list[DigestEntry]:
    """Return the items in reading order: first those that expire soonest, then responses to own requests.

    For a pending request only the newest item is kept.
    """
    last: dict[tuple[int, bool], PendingItem] = {}
    for item in sorted(items, key=lambda item: list(DigestKind).index(item.kind)):
        last[item.request_id, item.kind in WAITING] = item
    said = [_item(item, requests[item.request_id], row) for item in last.values()]
    kinds = list(DigestKind)

    def order(item: DigestEntry) -> tuple[bool, datetime, bool, int, int]:
        return (
            not item.waits,
            item.expires_at or _NEVER,
            not item.is_must,
            kinds.index(item.kind),
            item.request,
        )

    return sorted(said, key=order)


def _item(item: PendingItem, found: Any, row: Any) -> DigestEntry:
    request = found.MeetingRequest
    is_asked = request.to_firm_id == row.Firm.id
    other = found.sender if is_asked else found.receiver
    waits = item.kind in WAITING
    by_other = request.responded_side is not (Side.TO if is_asked else Side.FROM)
    person = found.asker if waits else found.answerer if by_other else None
    known = row.Event.named_areas
    areas = [area for area in other.areas if area in known]
    return DigestEntry(
        request=request.id,
        key=request.key,
        kind=item.kind,
        firm=other.name,
        firm_latin=other.latin_name,
        country=other.country,
        tier=other.tier.value,
        areas=[names.translated_name(known[area], known[area].names, _language(row)) for area in areas],
        area=list(known).index(areas[0]) if areas else 0,
        topic=request.topic,
        text=request.message if waits else request.response_note if by_other else "",
        person=person.name if person else "",
        person_latin=person.latin_name if person else "",
        title=person.title if person else "",
        is_must=request.priority >= MUST,
        expires_at=request.expires_at if waits else None,
    )


def _language(row: Any) -> str:
    return choose_language(row.Attendee.mail_language, row.Attendee.languages, row.Event.language)


def _first(row: Any) -> str:
    """Return the digest frequency for a reader without an earlier digest, or empty if the event sends
    none.
    """
    if not row.Event.digest_mails:
        return ""
    return (
        "at_once" if row.DigestPreference is not None and immediate_kinds(row.DigestPreference) else "daily"
    )


def _mail(
    row: Any,
    items: Sequence[DigestEntry],
    others: Set[int],
    sent: Set[int] | None,
    message_id: str,
    now: datetime,
) -> NewMail:
    """Return a digest email.

    `others` are further pending requests. `sent` are requests of earlier digests; None without one.
    """
    person, firm, event = row.Attendee, row.Firm, row.Event
    language = _language(row)
    digest = Digest(
        language=language,
        event_key=event.key,
        event_name=event.name,
        timezone=event.timezone,
        own_timezone=preferences.choose_timezone(person.timezone, firm.country, now),
        firm=names.display_both(firm.name, firm.latin_name, language),
        contact=event.contact,
        others=len(others & (sent or set())),
        unsaid=len(others - (sent or set())),
        first=_first(row) if sent is None else "",
        made_at=now,
        items=items,
    )
    return NewMail(
        kind=OutboxKind.DIGEST,
        event_id=event.id,
        attendee_id=person.id,
        to_address=person.email,
        to_name=person.name,
        message_id=message_id,
        payload=digest.to_json(),
        created_at=now,
        next_attempt_at=now,
    )


def _mark(session: Session, written: Sequence[Any], now: datetime) -> None:
    """Record that the readers were sent a digest."""
    if not written:
        return
    rows = [
        {
            "attendee_id": row.Attendee.id,
            "last_digest_at": now,
        }
        for row in written
    ]
    ids = [{"attendee_id": row["attendee_id"]} for row in rows]
    session.execute(_insert(session, DigestPreference), ids)
    session.execute(update(DigestPreference), rows)
