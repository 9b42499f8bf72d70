"""Audit-logging of pages and API calls that show contact details. Most views of a day are logged before."""

from __future__ import annotations

from collections.abc import Iterable

from api import context
from scheduler.services.identity.actors import Actor
from scheduler.services.participants import contact_views
from scheduler.services.spreadsheets.columns import ImportKind


def log_view(actor: Actor, kind: ImportKind, key: str = "") -> None:
    """Log that the actor views a record with contact details, or without `key` the list."""
    with context.database().read() as db:
        is_new = contact_views.needs_entry(db, actor, kind, key, now=context.now())
    if is_new:
        with context.database().write() as db:
            contact_views.log_view(db, actor, kind, key, now=context.now())


def log_firm_view(actor: Actor, key: str) -> None:
    """Log that the actor views a firm with the email addresses of its people."""
    with context.database().read() as db:
        is_new = contact_views.needs_firm_entry(db, actor, key, now=context.now())
    if is_new:
        with context.database().write() as db:
            contact_views.log_firm_view(db, actor, key, now=context.now())


def log_delegation_view(actor: Actor, key: str) -> None:
    """Log that the actor views the people of a delegation with their phone numbers. Raises NotFound."""
    with context.database().read() as db:
        is_new = contact_views.needs_delegation_entry(db, actor, key, now=context.now())
    if is_new:
        with context.database().write() as db:
            contact_views.log_delegation_view(db, actor, key, now=context.now())


def log_partners(actor: Actor, keys: Iterable[str]) -> None:
    """Log that the actor views the contact details of these meeting partners."""
    shown = list(keys)
    with context.database().read() as db:
        new = contact_views.list_new_partners(db, actor, shown, now=context.now())
    if new:
        with context.database().write() as db:
            contact_views.log_partners(db, actor, new, now=context.now())
