"""Webhook endpoints of an event: create, change, rotate their signing key, disable, delete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import AlertKind
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.domain.webhooks import DisabledReason, MessageState, SignatureScheme
from scheduler.i18n import gettext_lazy
from scheduler.invites.transport.remote import FetchFailure, https_address
from scheduler.secret_keys import SecretKeys
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject, pgettext_lazy
from scheduler.services.identity import encryption
from scheduler.services.identity.actors import LET_IN, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.operations import alerts
from scheduler.services.text import clean_line
from scheduler.services.webhooks import signatures
from scheduler.services.webhooks.event_types import EVENT_TYPES
from scheduler.storage.models import AuditChain, Event, WebhookAttempt, WebhookEndpoint, WebhookMessage

URL, KEY = "webhook url", "webhook key"
"""Purposes of the encryption. Stored values depend on them."""
MOST: Final = 10
"""Endpoints of an event."""
OVERLAP = timedelta(hours=24)
"""Time after a rotation in which the previous key also signs."""


@dataclass(frozen=True, slots=True)
class WebhookCard:
    """An endpoint as its managers see it, without its secret."""

    number: int
    name: str
    url: str
    types: tuple[str, ...]
    """Event types that it receives; none for all."""
    scheme: SignatureScheme
    """Signature identifier: v1 for HMAC-SHA256, v1a for Ed25519."""
    public_key: str | None
    """Key that verifies v1a signatures; None for v1."""
    created_at: datetime
    delivered_at: datetime | None
    """Time of the last delivery."""
    disabled_at: datetime | None
    disabled_reason: DisabledReason | None
    rotated_until: datetime | None
    """Until when the previous key signs too; None if only one key signs."""
    pending: int
    """Messages that wait for their next attempt."""
    failed: int


def list_endpoints(
    session: Session, actor: Actor, *, secret_key: SecretKeys, now: datetime
) -> tuple[WebhookCard, ...]:
    """Return the event's endpoints in order of creation."""
    actor.require(Right.MANAGE_WEBHOOKS)
    rows = session.scalars(
        select(WebhookEndpoint).where(WebhookEndpoint.event_id == actor.event_id).order_by(WebhookEndpoint.id)
    ).all()
    return _cards(session, rows, secret_key, now)


def get_endpoint(
    session: Session, actor: Actor, number: int, *, secret_key: SecretKeys, now: datetime
) -> WebhookCard:
    """Return an endpoint. Raises NotFound."""
    row = find_row(session, actor, number)
    return _cards(session, [row], secret_key, now)[0]


def create_endpoint(
    session: Session,
    actor: Actor,
    name: str,
    url: str,
    *,
    types: Iterable[str] = (),
    scheme: SignatureScheme = SignatureScheme.HMAC_SHA256,
    secret_key: SecretKeys,
    now: datetime,
) -> tuple[WebhookCard, str]:
    """Create an endpoint. Its first message is about its own creation.

    Return it with the key that verifies signatures: a secret, which is shown once, or a public key.
    Raises InvalidInput.
    """
    _require_manager(actor)
    # serialised, so that concurrent requests cannot exceed the limit
    session.execute(select(Event.id).where(Event.id == actor.event_id).with_for_update(key_share=True))
    faults, wanted = _check(name, url, types)
    count = select(func.count()).where(WebhookEndpoint.event_id == actor.event_id)
    if (session.scalar(count) or 0) >= MOST:
        faults.append(
            Fault("name", gettext_lazy("there are already %(most)s webhooks; delete one first", most=MOST))
        )
    if faults:
        raise InvalidInput(faults)
    key = signatures.make_key(scheme)
    row = WebhookEndpoint(
        event_id=actor.event_id,
        name=wanted.name,
        url=encryption.encrypt(secret_key, URL, wanted.url),
        types=list(wanted.types),
        scheme=scheme,
        secret=encryption.encrypt(secret_key, KEY, key),
        created_at=now,
        entry=_last_entry(session, actor.event_id),
    )
    session.add(row)
    session.flush()
    about = pgettext_lazy("audit log", "webhook %(number)s created", number=row.id)
    _record(session, actor, about, now=now, after=_recorded(wanted))
    return _cards(session, [row], secret_key, now)[0], signatures.verification_key(key)


def change_endpoint(
    session: Session,
    actor: Actor,
    number: int,
    *,
    name: str | None = None,
    url: str | None = None,
    types: Iterable[str] | None = None,
    secret_key: SecretKeys,
    now: datetime,
) -> WebhookCard:
    """Change what is given. Raises InvalidInput, NotFound."""
    _require_manager(actor)
    row = find_row(session, actor, number, to_change=True)
    old_url = _opened(secret_key, URL, row.url)
    old = _Wanted(row.name, old_url, tuple(row.types))
    faults, wanted = _check(
        old.name if name is None else name,
        old.url if url is None else url,
        old.types if types is None else types,
    )
    if faults:
        raise InvalidInput(faults)
    row.name, row.types = wanted.name, list(wanted.types)
    if wanted.url != old_url:
        row.url = encryption.encrypt(secret_key, URL, wanted.url)
    session.flush()
    about = pgettext_lazy("audit log", "webhook %(number)s changed", number=row.id)
    _record(session, actor, about, now=now, before=_recorded(old), after=_recorded(wanted))
    return _cards(session, [row], secret_key, now)[0]


def rotate_key(
    session: Session, actor: Actor, number: int, *, secret_key: SecretKeys, now: datetime
) -> tuple[WebhookCard, str]:
    """Replace the signing key. The previous one also signs for `OVERLAP`.

    Return the endpoint with the key that verifies signatures, which is shown once if it is a secret.
    """
    _require_manager(actor)
    row = find_row(session, actor, number, to_change=True)
    key = signatures.make_key(row.scheme)
    row.previous_secret, row.previous_until = row.secret, now + OVERLAP
    row.secret = encryption.encrypt(secret_key, KEY, key)
    session.flush()
    about = pgettext_lazy("audit log", "webhook %(number)s: signing key rotated", number=row.id)
    _record(session, actor, about, now=now)
    return _cards(session, [row], secret_key, now)[0], signatures.verification_key(key)


def disable_endpoint(
    session: Session, actor: Actor, number: int, *, secret_key: SecretKeys, now: datetime
) -> WebhookCard:
    """Disable an endpoint. Its pending messages fail, and can be sent again later. Raises WrongState."""
    _require_manager(actor)
    row = find_row(session, actor, number, to_change=True)
    if row.disabled_at is not None:
        raise WrongState("webhook", number, "disabled", "disabled")
    mark_disabled(session, row, DisabledReason.MANUAL, now=now)
    about = pgettext_lazy("audit log", "webhook %(number)s disabled", number=row.id)
    _record(session, actor, about, now=now)
    return _cards(session, [row], secret_key, now)[0]


def enable_endpoint(
    session: Session, actor: Actor, number: int, *, secret_key: SecretKeys, now: datetime
) -> WebhookCard:
    """Enable an endpoint again. What happened meanwhile is not sent. Raises WrongState."""
    _require_manager(actor)
    row = find_row(session, actor, number, to_change=True)
    if row.disabled_at is None:
        raise WrongState("webhook", number, "enabled", "enabled")
    row.disabled_at = row.disabled_reason = None
    row.entry = _last_entry(session, actor.event_id)
    session.flush()
    _end_alert(session, row, now)
    about = pgettext_lazy("audit log", "webhook %(number)s enabled", number=row.id)
    _record(session, actor, about, now=now)
    return _cards(session, [row], secret_key, now)[0]


def delete_endpoint(session: Session, actor: Actor, number: int, *, now: datetime) -> None:
    """Delete an endpoint with its messages and attempts."""
    _require_manager(actor)
    row = find_row(session, actor, number, to_change=True)
    _end_alert(session, row, now)
    messages = select(WebhookMessage.id).where(WebhookMessage.endpoint_id == row.id)
    session.execute(delete(WebhookAttempt).where(WebhookAttempt.message_id.in_(messages)))
    session.execute(delete(WebhookMessage).where(WebhookMessage.endpoint_id == row.id))
    session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == row.id))
    about = pgettext_lazy("audit log", "webhook %(number)s deleted", number=number)
    _record(session, actor, about, now=now)


def find_row(session: Session, actor: Actor, number: int, *, to_change: bool = False) -> WebhookEndpoint:
    """Return the row of an endpoint of the actor's event, locked if it is to be changed. Raises NotFound."""
    actor.require(Right.MANAGE_WEBHOOKS)
    query = select(WebhookEndpoint).where(
        WebhookEndpoint.event_id == actor.event_id, WebhookEndpoint.id == number
    )
    row = session.scalar(query.with_for_update(key_share=True) if to_change else query)
    if row is None:
        raise NotFound("webhook", number)
    return row


def mark_disabled(session: Session, row: WebhookEndpoint, reason: DisabledReason, *, now: datetime) -> None:
    """Disable a locked endpoint. Its pending messages fail."""
    row.disabled_at, row.disabled_reason = now, reason
    session.flush()
    session.execute(
        update(WebhookMessage)
        .where(WebhookMessage.endpoint_id == row.id, WebhookMessage.state == MessageState.PENDING)
        .values(state=MessageState.FAILED, next_attempt_at=None)
        .execution_options(synchronize_session=False)
    )


def alert_subject(number: int) -> str:
    """Return the subject of the alert about an endpoint."""
    return f"webhook {number}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    url: str
    types: tuple[str, ...]


def _recorded(wanted: _Wanted) -> dict[str, object]:
    """Return what the audit log records: the host only, since a URL can contain a secret."""
    host = urlsplit(wanted.url).hostname or ""
    return {"name": wanted.name, "host": host, "types": list(wanted.types)}


def _check(name: str, url: str, types: Iterable[str]) -> tuple[list[Fault], _Wanted]:
    name, found = clean_line(name), tuple(sorted(set(types)))
    faults = list(fields.check_field("name", name, fields.WebhookName))
    try:
        url = https_address(url)
        if urlsplit(url).port is not None:
            raise FetchFailure
    except FetchFailure:
        faults.append(
            Fault("url", gettext_lazy("enter an address that starts with https:// and has no port"))
        )
    unknown = [each for each in found if each not in EVENT_TYPES.values()]
    faults += [
        Fault("types", gettext_lazy("%(type)s is not an event type", type=repr(each[:60])))
        for each in unknown[:5]
    ]
    return faults, _Wanted(name, url, found)


def _require_manager(actor: Actor) -> None:
    actor.require(Right.MANAGE_WEBHOOKS)
    actor.require_fresh(LET_IN)


def _last_entry(session: Session, event_id: int) -> int:
    return session.scalar(select(AuditChain.number).where(AuditChain.chain == event_id)) or 0


def _record(
    session: Session,
    actor: Actor,
    about: AuditSubject,
    *,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    recording.record_act(session, actor, Act.WEBHOOK, about, before=before, after=after, now=now)


def _end_alert(session: Session, row: WebhookEndpoint, now: datetime) -> None:
    alerts.end_alert(
        session, AlertKind.WEBHOOK_DISABLED, event_id=row.event_id, about=alert_subject(row.id), now=now
    )


def _opened(secret_key: SecretKeys, purpose: str, value: bytes) -> str:
    """Return a decrypted value, empty if its key is gone."""
    try:
        return encryption.decrypt(secret_key, purpose, value)
    except encryption.UnreadableSecret:
        return ""


def _cards(
    session: Session, rows: Sequence[WebhookEndpoint], secret_key: SecretKeys, now: datetime
) -> tuple[WebhookCard, ...]:
    counts = {
        (endpoint_id, state): number
        for endpoint_id, state, number in session.execute(
            select(WebhookMessage.endpoint_id, WebhookMessage.state, func.count())
            .where(WebhookMessage.endpoint_id.in_([row.id for row in rows]))
            .group_by(WebhookMessage.endpoint_id, WebhookMessage.state)
        )
    }
    return tuple(_card(row, counts, secret_key, now) for row in rows)


def _card(
    row: WebhookEndpoint, counts: dict[tuple[int, MessageState], int], secret_key: SecretKeys, now: datetime
) -> WebhookCard:
    key = _opened(secret_key, KEY, row.secret) if row.scheme is SignatureScheme.ED25519 else ""
    is_rotated = row.previous_until is not None and row.previous_until > now
    return WebhookCard(
        number=row.id,
        name=row.name,
        url=_opened(secret_key, URL, row.url),
        types=tuple(row.types),
        scheme=row.scheme,
        public_key=signatures.verification_key(key) if key else None,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        disabled_at=row.disabled_at,
        disabled_reason=row.disabled_reason,
        rotated_until=row.previous_until if is_rotated else None,
        pending=counts.get((row.id, MessageState.PENDING), 0),
        failed=counts.get((row.id, MessageState.FAILED), 0),
    )
