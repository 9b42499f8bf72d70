"""Secret addresses of calendar feeds of people, firms and interpreters: found, rotated and revoked."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from scheduler.domain.emails.calendar_imports import CalendarImportMethod
from scheduler.domain.errors import NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import encryption
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.tokens import FEED, derive_token, new_feed, seed_key
from scheduler.storage.models import Attendee, CalendarUse, Event, Firm, Interpreter, InterpreterFeed


@dataclass(frozen=True, slots=True)
class FeedOwner:
    """Owner of a feed: an attendee, firm or interpreter. `seed` is None if the feed has no address.

    `address` is the encrypted token of a feed whose own key has ended.
    """

    id: int
    is_firm: bool
    event_id: int
    name: str
    seed: str | None
    is_interpreter: bool = False
    address: bytes | None = None


def build_owner(row: Attendee | Firm) -> FeedOwner:
    return FeedOwner(
        row.id, isinstance(row, Firm), row.event_id, row.name, row.feed_seed, address=row.feed_address
    )


def set_new_feed(row: Attendee | Firm, secret_key: SecretKeys) -> None:
    """Give a feed a new address. The old one stops working at once."""
    row.feed_seed, row.feed_hash = new_feed(secret_key)
    row.feed_address = None


def feed_token(owner: FeedOwner, secret_key: SecretKeys) -> str | None:
    """Return the token in the address of the owner's feed.

    None if it has no address yet, or if its key is missing.
    """
    return stored_feed_token(owner.seed, owner.address, secret_key)


def stored_feed_token(seed: str | None, address: bytes | None, secret_key: SecretKeys) -> str | None:
    """Return the token of a feed from its stored seed, or from its encrypted address if there is one."""
    if not seed:
        return None
    if address is None:
        return derive_token(secret_key, FEED, seed) if seed_key(seed) in secret_key else None
    try:
        return encryption.decrypt(secret_key, FEED, address)
    except encryption.UnreadableSecret:
        return None


def find_interpreter_feed(session: Session, hashed: str) -> FeedOwner | None:
    """Return the interpreter whose feed's token has this hash, or None."""
    found = session.execute(_INTERPRETERS.where(InterpreterFeed.token_hash == hashed)).first()
    if found is None or session.get_one(Event, found[0].event_id).deleted_at is not None:
        return None
    return _interpreter(*found)


def own_interpreter_feed(session: Session, actor: Actor) -> FeedOwner:
    """Return the actor as the owner of an interpreter's feed.

    Raises NotAllowed if the actor is no interpreter.
    """
    interpreter = _own_interpreter(session, actor)
    row = session.execute(_INTERPRETERS.where(Interpreter.id == interpreter.id)).first()
    return _interpreter(interpreter, *(row[1:] if row is not None else (None, None)))


def renew_interpreter_feed(session: Session, actor: Actor, *, secret_key: SecretKeys) -> None:
    """Create or rotate the address of the actor's interpreter feed. An old address stops working at once."""
    interpreter = _own_interpreter(session, actor)
    mine = select(Interpreter.id).where(Interpreter.id == interpreter.id)
    session.execute(mine.with_for_update(key_share=True))  # serialises concurrent calls: one inserts the row
    seed, hashed = new_feed(secret_key)
    row = InterpreterFeed(
        interpreter_id=interpreter.id,
        address=interpreter.email,
        seed=seed,
        token_hash=hashed,
        encrypted=None,
    )
    session.merge(row)
    session.flush()


def own_feed(session: Session, actor: Actor) -> FeedOwner:
    """Return the actor as the owner of a feed. Raises NotAllowed if the actor is not an attendee."""
    return build_owner(_own_attendee(session, actor))


def own_firm_feed(session: Session, actor: Actor) -> FeedOwner | None:
    """Return the actor's firm as the owner of a feed, or None if the actor may not manage it."""
    if actor.firm_id is None or not actor.may(Right.MANAGE_FIRM_FEED, firm_id=actor.firm_id):
        return None
    return build_owner(session.get_one(Firm, actor.firm_id))


def renew_feed(session: Session, actor: Actor, *, secret_key: SecretKeys) -> None:
    """Rotate the address of the actor's own feed. The old address stops working at once."""
    attendee = _own_attendee(session, actor)
    set_new_feed(attendee, secret_key)
    session.execute(
        delete(CalendarUse).where(
            CalendarUse.attendee_id == attendee.id, CalendarUse.way == CalendarImportMethod.FEED
        )
    )  # a calendar that has only the old address no longer shows the meetings
    session.flush()


def renew_firm_feed(session: Session, actor: Actor, *, secret_key: SecretKeys) -> None:
    """Create or rotate the address of the feed of the actor's firm. An old address stops working at once."""
    firm = _own_firm(session, actor)
    set_new_feed(firm, secret_key)
    session.flush()


def end_firm_feed(session: Session, actor: Actor) -> None:
    """Delete the feed of the actor's firm. Its address stops working at once."""
    firm = _own_firm(session, actor)
    firm.feed_seed = firm.feed_hash = firm.feed_address = None
    session.flush()


_INTERPRETERS = (
    select(Interpreter, InterpreterFeed.seed, InterpreterFeed.encrypted)
    .join(InterpreterFeed, InterpreterFeed.interpreter_id == Interpreter.id)
    .where(InterpreterFeed.address == Interpreter.email, Interpreter.withdrawn_at.is_(None))
)
"""Interpreters whose feed has an address. It ends with the email address and with withdrawal."""


def _interpreter(row: Interpreter, seed: str | None, address: bytes | None) -> FeedOwner:
    return FeedOwner(row.id, False, row.event_id, row.name, seed, is_interpreter=True, address=address)


def _own_interpreter(session: Session, actor: Actor) -> Interpreter:
    own = actor.interpreter_id
    if own is None or not actor.may(Right.RENEW_FEED, interpreter_id=own):
        raise NotAllowed(gettext_lazy("Only a signed-in interpreter can use this calendar feed."))
    return session.get_one(Interpreter, own)


def _own_attendee(session: Session, actor: Actor) -> Attendee:
    attendee_id = actor.own(Right.RENEW_FEED)
    if attendee_id is None:
        raise NotAllowed(gettext_lazy("Only a signed-in attendee can renew their calendar feed."))
    return session.get_one(Attendee, attendee_id)


def _own_firm(session: Session, actor: Actor) -> Firm:
    if actor.firm_id is None or not actor.may(Right.MANAGE_FIRM_FEED, firm_id=actor.firm_id):
        raise NotAllowed(
            gettext_lazy("Only a signed-in company contact can manage the company's calendar feed.")
        )
    return session.get_one(Firm, actor.firm_id)
