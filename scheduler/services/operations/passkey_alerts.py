"""Alerts about passkeys that may have been copied. They end when the passkey is removed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind
from scheduler.i18n import gettext_lazy
from scheduler.services import links
from scheduler.services.identity.passkeys import PasskeyRefused
from scheduler.services.operations import alerts
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, Alert, Passkey

_PREFIX: Final = "passkey "


def alert_if_copied(session: Session, refused: PasskeyRefused, *, now: datetime) -> None:
    """Alert operators if a passkey was refused because its signature counter did not grow."""
    found = session.execute(
        select(Passkey.id, Account.email)
        .join(Account, Account.id == Passkey.account_id)
        .where(Passkey.id == refused.copied_id)
    ).first()
    if found is None:
        return
    reason = gettext_lazy(
        "The signature counter of a passkey of %(name)s didn't grow, so the passkey may have been copied. "
        "The sign-in was refused. Ask the person to remove the passkey.",
        name=found.email,
    )
    alerts.raise_alert(
        session,
        AlertKind.PASSKEY_COPIED,
        event_id=None,
        about=_subject(found.id),
        reason=reason,
        path=links.AUDIT_LOG,
        now=now,
    )


def end_copy_alerts(session: Session, *, now: datetime) -> None:
    """End the alerts about passkeys that were removed since."""
    of_copies = Alert.kind == AlertKind.PASSKEY_COPIED, Alert.open_key.is_not(None)
    about = session.scalars(select(Alert.about).where(*of_copies)).all()
    ids = [int(each.removeprefix(_PREFIX)) for each in about]
    kept = session.scalars(select(Passkey.id).where(in_chunks(Passkey.id, ids))).all() if ids else ()
    for gone in set(about) - set(map(_subject, kept)):
        alerts.end_alert(session, AlertKind.PASSKEY_COPIED, event_id=None, about=gone, now=now)


def _subject(passkey_id: int) -> str:
    return f"{_PREFIX}{passkey_id}"
