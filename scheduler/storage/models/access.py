"""Who may come in: accounts, teams, one-time links, sessions, API tokens. Secrets are stored hashed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.fields import Email, PersonName, TokenName
from scheduler.domain.team import TeamRole
from scheduler.storage.base import Base, enum_column


class Account(Base):
    """One mail address that can sign in. What it may do follows from team and attendee rows."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[Email] = mapped_column(unique=True)
    name: Mapped[PersonName] = mapped_column(default="")
    created_at: Mapped[datetime]
    is_operator: Mapped[bool] = mapped_column(default=False)
    """May create events on this installation."""


class TeamMember(Base):
    """An account in the team that runs an event, and its role there. After `until` it has none."""

    __tablename__ = "team_member"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, index=True)
    role: Mapped[TeamRole] = mapped_column(enum_column(TeamRole, "team_role"))
    until: Mapped[datetime | None]
    """None for no end. An owner has none, so that an event never is without one."""
    since: Mapped[datetime | None]
    """None for who was there before this was kept."""


class TeamInvitation(Base):
    """An invitation to an event's team by mail. Its link, derived from `seed`, is used once."""

    __tablename__ = "team_invitation"
    __table_args__ = (Index("ix_team_invitation_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    email: Mapped[Email]
    role: Mapped[TeamRole] = mapped_column(enum_column(TeamRole, "team_role"))
    until: Mapped[datetime | None]
    """The end of the membership, as in TeamMember."""
    delegations: Mapped[list[str]] = mapped_column(default=list)
    """Of a chamber: the keys of those that it will see."""
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    """The link can be used until then."""


class TeamDelegation(Base):
    """A delegation for which somebody of a chamber is in the team."""

    __tablename__ = "team_delegation"
    __table_args__ = (Index("ix_team_delegation_delegation_id", "delegation_id"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegation.id"), primary_key=True)


class SignInRequest(Base):
    """Somebody asked for a link for an address, known or not. A task answers it, and the row goes."""

    __tablename__ = "sign_in_wish"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[Email]
    errand: Mapped[dict[str, Any]]
    """What the person was about to do, as api.sign_in_errands writes it, or empty for nothing."""
    created_at: Mapped[datetime]


class SignInLink(Base):
    """A link that signs in once. The token is derived from `seed` and the secret key."""

    __tablename__ = "sign_in_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    errand: Mapped[dict[str, Any]]
    """As in SignInWish."""


class WebSession(Base):
    """A browser that is signed in: it has the id, the database the hash of it."""

    __tablename__ = "web_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    id_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """Written every few minutes at most."""
    ends_at: Mapped[datetime] = mapped_column(index=True)
    """The end, whatever is done in the session. It is sooner for organisers."""
    agent: Mapped[str] = mapped_column(String(200))
    """What the browser says that it is."""
    errand: Mapped[dict[str, Any]]
    """As in SignInWish."""


class ApiToken(Base):
    """A token of one event with scopes, as a space-separated list.

    It has the roles of its maker when it was made, as far as the maker still has them.
    """

    __tablename__ = "api_token"
    __table_args__ = (Index("ix_api_token_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    name: Mapped[TokenName]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(400))
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    as_organiser: Mapped[bool]
    as_exhibitor: Mapped[bool]
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The firm whose attendee the maker was."""
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)


class IdempotencyKey(Base):
    """The answer that a POST with this key got, given again to a retry (the Idempotency-Key header)."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("api_token_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    api_token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    """None while the first request is still being answered."""
    body: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
