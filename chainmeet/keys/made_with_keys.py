"""Everything in the database and the journal that a secret key made, by kind.

What can be derived again from the database is derived with the newest key when an older one ends: links in
emails get new tokens, so the old ones are dead, and the next email has the new ones. What is encrypted is
encrypted again. Calendar feeds keep their addresses, which are stored encrypted from then on, and codes on
printed sheets keep working. Both have a random seed in the database, so a leaked key alone discloses none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, LargeBinary, Select, and_, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, load_only

from scheduler.domain.entities import OutboxKind
from scheduler.secret_keys import FIRST, SecretKeys
from scheduler.services.availability.busy_times import ADDRESS
from scheduler.services.availability.caldav import ACCOUNT
from scheduler.services.delivery import sent_records
from scheduler.services.identity import encryption, tokens
from scheduler.services.schedule import feed_addresses
from scheduler.services.webhooks.endpoints import KEY, URL
from scheduler.storage.models import (
    Attendee,
    BusySource,
    DigestItem,
    DigestPreference,
    Firm,
    FirmRegistration,
    InterpreterFeed,
    Invitation,
    MeetingRequest,
    OutboxEmail,
    PrintCode,
    RecoveryCode,
    SignInLink,
    TeamInvitation,
    WebhookEndpoint,
)

Row = Any
"""A row of one of the tables, with the attributes that its kind names."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of token or encrypted value.

    `opens` returns True if today's keys derive or decrypt the stored value. `renew` makes it with the newest
    key; its last argument is True if feeds and print codes end too.
    """

    name: str
    table: type[Any]
    columns: tuple[InstrumentedAttribute[Any], ...]
    number: Callable[[Row], int | None]
    of_key: Callable[[int], ColumnElement[bool]]
    opens: Callable[[Session, Row, SecretKeys], bool]
    renew: Callable[[Session, Row, SecretKeys, bool], None]

    def identity(self, row: Row) -> tuple[Any, ...]:
        """Return the primary key of a row."""
        return tuple(self.table.__mapper__.primary_key_from_instance(row))

    def rows(self, session: Session) -> Iterator[Row]:
        """Yield the rows of the table."""
        yield from session.scalars(self._query().execution_options(yield_per=500))

    def lock_rows(self, session: Session, number: int, limit: int) -> Sequence[Row]:
        """Return the next rows of one key, locked until the transaction ends."""
        of_key = self._query().where(self.of_key(number)).limit(limit)
        return session.scalars(of_key.with_for_update(key_share=True)).all()

    def _query(self) -> Select[Any]:
        query = select(self.table).options(load_only(*self.columns))
        return query.order_by(*self.table.__mapper__.primary_key)


def _seed_condition(column: Any) -> Callable[[int], ColumnElement[bool]]:
    def of_key(number: int) -> ColumnElement[bool]:
        if number == FIRST:
            return and_(column != "", ~column.like("k%"))
        return column.like(f"k{number}.%")  # type: ignore[no-any-return]

    return of_key


def _seeded(name: str, table: Any, purpose: str) -> Kind:
    """Return a kind of links whose token is derived from a random seed."""

    def opens(_session: Session, row: Row, keys: SecretKeys) -> bool:
        number = tokens.seed_key(row.seed)
        return (
            number in keys
            and tokens.hash_token(tokens.derive_token(keys, purpose, row.seed)) == row.token_hash
        )

    def renew(_session: Session, row: Row, keys: SecretKeys, _ends_feeds: bool) -> None:
        row.seed = tokens.seed_of_key(row.seed, keys.newest)
        row.token_hash = tokens.hash_token(tokens.derive_token(keys, purpose, row.seed))

    return Kind(
        name,
        table,
        (table.seed, table.token_hash),
        lambda row: tokens.seed_key(row.seed) if row.seed else None,
        _seed_condition(table.seed),
        opens,
        renew,
    )


def _print_codes() -> Kind:
    links = _seeded("print codes", PrintCode, tokens.PRINT)

    def renew(session: Session, row: Row, keys: SecretKeys, ends_feeds: bool) -> None:
        if ends_feeds:
            links.renew(session, row, keys, ends_feeds)
        else:
            row.seed = ""  # the code on paper goes on; the next print has a new one

    return Kind(links.name, links.table, links.columns, links.number, links.of_key, links.opens, renew)


def _feeds(name: str, table: Any, seed: str, hashed: str, address: str) -> Kind:
    """Return a kind of calendar feeds, by the names of their columns."""

    def opens(_session: Session, row: Row, keys: SecretKeys) -> bool:
        token = feed_addresses.stored_feed_token(getattr(row, seed), getattr(row, address), keys)
        return token is not None and tokens.hash_token(token) == getattr(row, hashed)

    def renew(_session: Session, row: Row, keys: SecretKeys, ends_feeds: bool) -> None:
        token = feed_addresses.stored_feed_token(getattr(row, seed), getattr(row, address), keys)
        if ends_feeds or token is None:
            new_seed, new_hash = tokens.new_feed(keys)
            values: dict[str, Any] = {seed: new_seed, hashed: new_hash, address: None}
        else:
            values = {
                seed: tokens.seed_of_key(getattr(row, seed), keys.newest),
                address: encryption.encrypt(keys, tokens.FEED, token),
            }
        for column, value in values.items():
            setattr(row, column, value)

    return Kind(
        name,
        table,
        tuple(getattr(table, column) for column in (seed, hashed, address)),
        lambda row: tokens.seed_key(getattr(row, seed)) if getattr(row, seed) else None,
        _seed_condition(getattr(table, seed)),
        opens,
        renew,
    )


def _invitation_hash(row: Row, keys: SecretKeys, number: int) -> str:
    return tokens.hash_token(sent_records.invitation_token(row.uid, row.attendee_id, keys, number))


def _renew_invitation(_session: Session, row: Row, keys: SecretKeys, _ends_feeds: bool) -> None:
    row.token_hash, row.key_number = _invitation_hash(row, keys, keys.newest), keys.newest


def _response_hash(session: Session, row: Row, keys: SecretKeys, number: int) -> str:
    person = session.get_one(Attendee, row.attendee_id)
    key = session.get_one(MeetingRequest, row.request_id).key
    return tokens.hash_token(tokens.answer_token(keys, key, person.id, person.email, number))


def _renew_response(session: Session, row: Row, keys: SecretKeys, _ends_feeds: bool) -> None:
    if row.token_hash is not None:
        row.token_hash = _response_hash(session, row, keys, keys.newest)
    row.key_number = keys.newest


def _encrypted(name: str, column: Any, purpose: str) -> Kind:
    """Return a kind of encrypted values."""

    def of_key(number: int) -> ColumnElement[bool]:
        prefix = encryption.prefix(number)
        start = func.substr(column, 1, max(len(prefix), 1), type_=LargeBinary)
        return start == prefix if prefix else start != b"k"

    def opens(_session: Session, row: Row, keys: SecretKeys) -> bool:
        try:
            encryption.decrypt(keys, purpose, getattr(row, column.key))
        except encryption.UnreadableSecret:
            return False
        return True

    def renew(_session: Session, row: Row, keys: SecretKeys, _ends_feeds: bool) -> None:
        value = getattr(row, column.key)
        try:
            renewed = encryption.encrypt(keys, purpose, encryption.decrypt(keys, purpose, value))
        except encryption.UnreadableSecret:  # it stays unreadable, and the check goes on naming it
            renewed = encryption.relabelled(value, keys.newest)
        setattr(row, column.key, renewed)

    def number(row: Row) -> int | None:
        value = getattr(row, column.key)
        return encryption.key_number(value) if value is not None else None

    return Kind(name, column.class_, (column,), number, of_key, opens, renew)


def _with_first_key(name: str, column: Any) -> Kind:
    """Return a kind of links from before keys had numbers. They are found by their hash alone."""

    def of_key(number: int) -> ColumnElement[bool]:
        return column.is_not(None) if number == FIRST else false()

    def renew(_session: Session, row: Row, _keys: SecretKeys, _ends_feeds: bool) -> None:
        setattr(row, column.key, None)

    return Kind(
        name,
        column.class_,
        (column,),
        lambda row: FIRST if getattr(row, column.key) is not None else None,
        of_key,
        lambda _session, _row, keys: FIRST in keys,
        renew,
    )


_LETTER_SEED = OutboxEmail.payload["seed"].as_string()
_WITH_SEED: Final = ("register", "team")
"""Letters whose link is derived from a seed that the email and another row have."""


def _emails_of_key(number: int) -> ColumnElement[bool]:
    unsent_link = and_(
        OutboxEmail.key_number.is_(None),
        OutboxEmail.kind == OutboxKind.DESK,
        OutboxEmail.payload["letter"].as_string().in_(_WITH_SEED),
        _seed_condition(_LETTER_SEED)(number),
    )
    return or_(OutboxEmail.key_number == number, unsent_link)


def _renew_email(_session: Session, row: Row, keys: SecretKeys, _ends_feeds: bool) -> None:
    if row.key_number is not None:
        row.key_number = keys.newest
    if row.kind is OutboxKind.DESK and row.payload.get("letter") in _WITH_SEED:
        row.payload = {**row.payload, "seed": tokens.seed_of_key(row.payload["seed"], keys.newest)}


def _remove_code(session: Session, row: Row, _keys: SecretKeys, _ends_feeds: bool) -> None:
    """Delete a recovery code, whose hash can't be made again. Its person makes new codes."""
    session.delete(row)


KINDS: Final[Sequence[Kind]] = (
    _seeded("sign-in links", SignInLink, tokens.SIGN_IN),
    _seeded("team invitations", TeamInvitation, tokens.TEAM),
    _seeded("registrations", FirmRegistration, tokens.REGISTER),
    _print_codes(),
    _feeds("feeds of people", Attendee, "feed_seed", "feed_hash", "feed_address"),
    _feeds("feeds of companies", Firm, "feed_seed", "feed_hash", "feed_address"),
    _feeds("feeds of interpreters", InterpreterFeed, "seed", "token_hash", "encrypted"),
    Kind(
        "calendar invitations",
        Invitation,
        (Invitation.uid, Invitation.attendee_id, Invitation.token_hash, Invitation.key_number),
        lambda row: row.key_number,
        lambda number: Invitation.key_number == number,
        lambda _session, row, keys: (
            row.key_number in keys and _invitation_hash(row, keys, row.key_number) == row.token_hash
        ),
        _renew_invitation,
    ),
    Kind(
        "response links",
        DigestItem,
        (DigestItem.token_hash, DigestItem.key_number),
        lambda row: row.key_number if row.token_hash is not None else None,
        lambda number: DigestItem.key_number == number,
        lambda _session, row, keys: row.key_number in keys,
        _renew_response,
    ),
    Kind(
        "recovery codes",
        RecoveryCode,
        (RecoveryCode.code_hash, RecoveryCode.key_number),
        lambda row: row.key_number,
        lambda number: RecoveryCode.key_number == number,
        lambda _session, row, keys: row.key_number in keys,
        _remove_code,
    ),
    Kind(
        "emails",
        OutboxEmail,
        (OutboxEmail.kind, OutboxEmail.key_number),
        lambda row: row.key_number,
        _emails_of_key,
        lambda _session, row, keys: row.key_number in keys,
        _renew_email,
    ),
    _encrypted("addresses of linked calendars", BusySource.address, ADDRESS),
    _encrypted("accounts of linked calendars", BusySource.account, ACCOUNT),
    _encrypted("URLs of webhooks", WebhookEndpoint.url, URL),
    _encrypted("secrets of webhooks", WebhookEndpoint.secret, KEY),
    _encrypted("previous secrets of webhooks", WebhookEndpoint.previous_secret, KEY),
    _with_first_key("old links that stop summaries", Attendee.summary_hash),
    _with_first_key("old links that stop digests", DigestPreference.unsubscribe_hash),
)
"""Everything in the database that a secret key made. API tokens and sessions are random, and need no key."""
