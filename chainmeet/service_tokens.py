"""API tokens for all events, as operators manage them on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.services.identity import api_tokens
from scheduler.services.identity.api_tokens import TokenCard
from scheduler.storage.database import Database


def create_token(database: Database, name: str, scopes: Sequence[str], *, days: int) -> tuple[TokenCard, str]:
    """Create a token of a service. Return it with its text. Raises InvalidInput."""
    with database.write() as session:
        now = database.now_in(session)
        return api_tokens.create_service_token(session, name, scopes, days=days, now=now)


def list_tokens(database: Database) -> tuple[TokenCard, ...]:
    """Return all tokens for all events that are not revoked, newest first."""
    with database.read() as session:
        return api_tokens.list_installation_tokens(session)


def revoke_token(database: Database, number: int) -> TokenCard:
    """Revoke a token for all events. Raises NotFound."""
    with database.write() as session:
        return api_tokens.revoke_installation_token(session, number, now=database.now_in(session))
