"""Access: accounts, teams, one-time links, sessions, API tokens. Secrets are stored hashed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.domain.fields import Email, PasskeyName, PersonName, TokenName
from scheduler.domain.team import TeamRole
from scheduler.storage.base import Base, enum_column


class Account(Base):
    """An email address that can sign in. Its permissions follow from team and attendee rows."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[Email] = mapped_column(unique=True)
    name: Mapped[PersonName] = mapped_column(default="")
    created_at: Mapped[datetime]
    is_operator: Mapped[bool] = mapped_column(default=False)
    """True if it may create events on this installation."""


class TeamMember(Base):
    """An account's role in the team of an event. It expires at `until`."""

    __tablename__ = "team_member"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, index=True)
    role: Mapped[TeamRole] = mapped_column(enum_column(TeamRole, "team_role"))
    until: Mapped[datetime | None]
    """None for no expiry. Owners never expire, so that an event always has one."""
    since: Mapped[datetime | None]
    """None for members older than this column."""


class OnboardingState(Base):
    """What a person did about the first steps of an event that no other row shows."""

    __tablename__ = "onboarding_state"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, index=True)
    is_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if the dashboard does not show the first steps."""
    has_saved_times: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if the person has saved their busy times, which may be none."""


class TeamInvitation(Base):
    """An emailed invitation to an event's team. Its one-time link is derived from `seed`."""

    __tablename__ = "team_invitation"
    __table_args__ = (Index("ix_team_invitation_event_id", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    email: Mapped[Email]
    role: Mapped[TeamRole] = mapped_column(enum_column(TeamRole, "team_role"))
    until: Mapped[datetime | None]
    """Expiry of the membership, as in TeamMember."""
    delegations: Mapped[list[str]] = mapped_column(default=list)
    """Keys of the delegations that a delegation manager will see."""
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """Expiry of the link."""


class TeamDelegation(Base):
    """A delegation that a delegation manager of the team has access to."""

    __tablename__ = "team_delegation"
    __table_args__ = (Index("ix_team_delegation_delegation_id", "delegation_id"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegation.id"), primary_key=True)


class SignInRequest(Base):
    """A request for a sign-in link for an address, known or not. A task handles and deletes the row."""

    __tablename__ = "sign_in_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[Email]
    errand: Mapped[dict[str, Any]]
    """What the person was about to do, as written by api.sign_in_errands, or empty."""
    created_at: Mapped[datetime]


class SignInLink(Base):
    """A one-time sign-in link. The token is derived from `seed` and the secret key."""

    __tablename__ = "sign_in_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    seed: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    errand: Mapped[dict[str, Any]]
    """As in SignInRequest."""


class WebSession(Base):
    """A signed-in browser session. The browser has its id, the database only the hash."""

    __tablename__ = "web_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    id_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    """Updated every few minutes at most."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    """Absolute expiry, regardless of activity. Earlier for organisers."""
    agent: Mapped[str] = mapped_column(String(200))
    """User-Agent header of the browser."""
    errand: Mapped[dict[str, Any]]
    """As in SignInRequest."""
    provider: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Key of the OpenID provider that signed the person in, empty for a link by email."""
    authenticated_at: Mapped[datetime | None]
    """When the provider authenticated the person. None for a link: that was when the session began."""
    verified_at: Mapped[datetime | None]
    """When the person proved a second factor. None for a link alone, and for a provider."""


class FederatedIdentity(Base):
    """A subject of an OpenID provider that signs in to an account. Found by issuer and subject alone."""

    __tablename__ = "federated_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(500), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255))
    """The claim `sub`, at most 255 ASCII characters (OpenID Connect Core 1.0, 2)."""
    is_operator: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if the account is an operator by a claim. It then ends with the claim."""
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]


class OidcRequest(Base):
    """An authentication request to an OpenID provider that waits for its one response.

    Nonce and code verifier are derived from the secret in the browser's cookie, and are not stored.
    """

    __tablename__ = "oidc_request"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(40))
    browser_hash: Mapped[str] = mapped_column(String(64))
    """Hash of the secret in the cookie of the browser that made the request."""
    is_fresh: Mapped[bool]
    """True if the person must authenticate anew, for an action that requires a recent sign-in."""
    errand: Mapped[dict[str, Any]]
    """As in SignInRequest."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Passkey(Base):
    """A passkey of an account: a discoverable credential (Web Authentication, 4). Its key is public."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    credential_id: Mapped[str] = mapped_column(String(1364), unique=True)
    """In base64url. Authenticators choose at most 1,023 octets."""
    user_handle: Mapped[str] = mapped_column(String(86))
    """Random octets in base64url, the same in all passkeys of an account."""
    public_key: Mapped[bytes]
    """COSE_Key (RFC 9052, 7)."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """The last signature counter of the authenticator. Many have none, and send 0."""
    name: Mapped[PasskeyName]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """An unused recovery code of an account: a second factor if no passkey is at hand."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Made with the secret key `key_number`."""
    key_number: Mapped[int]
    created_at: Mapped[datetime]


class PasskeyChallenge(Base):
    """A challenge that waits for its one response, from the browser that asked for it."""

    __tablename__ = "passkey_challenge"

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    """Hash of what the challenge is for, and of the secret in the browser's cookie."""
    user_handle: Mapped[str] = mapped_column(String(86))
    """Handle of the passkey that is added, empty for a sign-in."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class ApiToken(Base):
    """An API token of an account, for one event or for all, or of a service. Spaces separate `scopes`.

    It has the roles that its creator had at creation, as far as the creator still has them. A service is an
    organiser of every event.
    """

    __tablename__ = "api_token"
    __table_args__ = (
        Index("ix_api_token_event_id", "event_id"),
        CheckConstraint("created_by IS NOT NULL OR event_id IS NULL", name="account_or_all_events"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    """None for all events."""
    name: Mapped[TokenName]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(400))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """None for a service."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    as_organiser: Mapped[bool]
    as_exhibitor: Mapped[bool]
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    """The firm whose attendee the creator was. None for all events, as it is another one in each."""
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)


class IdempotencyKey(Base):
    """The response to a POST with this key, replayed to a retry (Idempotency-Key header)."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("api_token_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    api_token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"))
    key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    """None while the first request is in progress."""
    body: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
