"""Invitations to an event's team: sent by email, accepted once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import languages
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.emails.email_addresses.address_validation import InvalidAddress, normalize_address
from scheduler.services.identity import sign_in
from scheduler.services.identity.actors import LET_IN, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.tokens import TEAM, derive_token, hash_token, new_seed
from scheduler.services.outbox import letters
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.team.members import (
    OWNERS_ONLY,
    find_delegations,
    lock_team,
    membership_end,
    require_person_for_owners,
    set_delegations,
)
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, Delegation, Event, TeamInvitation, TeamMember

LINK_LIFETIME = timedelta(days=7)
"""Validity of an invitation link."""
MAX_MEMBERS = 50
"""Members and open invitations of an event."""
_MAX_ID = 2**31 - 1


class UnusableInvitation(NotFound):
    """Raised if the invitation link is invalid or expired."""

    code = "unusable-invitation"

    def __init__(self) -> None:
        super().__init__("invitation", "")

    def __str__(self) -> str:
        return gettext_lazy(
            "This invitation was already used, was revoked or has expired. Ask for a new one."
        )


@dataclass(frozen=True, slots=True)
class InvitationOffer:
    """An invitation as its recipient sees it. `by` is the inviter's name or address.

    `is_new` is True if the address has no account yet.
    """

    email: str
    is_new: bool
    event: str
    role: TeamRole
    by: str
    until: datetime | None
    timezone: str


@dataclass(frozen=True, slots=True)
class AcceptedInvitation:
    """The account that accepted an invitation, whether it is new, and the event's key."""

    account_id: int
    is_new: bool
    event_key: str


def send_invitation(
    session: Session,
    actor: Actor,
    email: str,
    *,
    role: TeamRole,
    until: date | None,
    delegations: Sequence[str] = (),
    language: str,
    settings: Settings,
    now: datetime,
) -> str:
    """Email a link that makes its recipient a member. Return the normalised address.

    Replaces an earlier invitation to the address. Raises InvalidInput by `email`, `until`, `delegations`,
    `language`.
    """
    actor.require(Right.MANAGE_TEAM, sentence=OWNERS_ONLY)
    require_person_for_owners(actor, role)
    actor.require_fresh(LET_IN)
    lock_team(session, actor.event_id)
    event = session.get_one(Event, actor.event_id)
    address = _address(session, actor, email, settings, now)
    if language not in languages():
        raise InvalidInput(
            [Fault("language", gettext_lazy("choose one of %(names)s", names=", ".join(languages())))]
        )
    ends = membership_end(session, event.id, role, until, now=now)
    chosen = find_delegations(session, event.id, role, delegations)
    session.execute(delete(TeamInvitation).where(_is_for(event.id, address)))
    seed = new_seed(settings.secret_key)
    made = TeamInvitation(
        event_id=event.id,
        email=address,
        role=role,
        until=ends,
        delegations=sorted(chosen),
        seed=seed,
        token_hash=hash_token(derive_token(settings.secret_key, TEAM, seed)),
        created_by=actor.account_id,
        created_at=now,
        expires_at=min(now + LINK_LIFETIME, ends or now + LINK_LIFETIME),
    )
    session.add(made)
    session.flush()
    day = made.expires_at.astimezone(ZoneInfo(event.timezone)).date().isoformat()
    letter = NewLetter(
        letter="team",
        to_address=address,
        language=language,
        event=event.name,
        values={"by": _name(session, actor.account_id), "role": role.value, "day": day},
        seed=seed,
    )
    letters.queue_letters(session, [letter], now=now)
    after = {"role": role.value, "until": ends, **({"delegations": sorted(chosen)} if chosen else {})}
    about = pgettext_lazy("audit log", "invitation to %(address)s", address=address)
    recording.record_act(session, actor, Act.ROLE, about, after=after, now=now)
    return address


def require_address(email: str, settings: Settings) -> str:
    """Return the normalised address. Raises InvalidInput by `email` if it cannot receive email."""
    try:
        return normalize_address(email, is_test=bool(settings.mail_catcher_url))
    except InvalidAddress as error:
        raise InvalidInput([Fault("email", error.user_message)]) from error


def _address(session: Session, actor: Actor, email: str, settings: Settings, now: datetime) -> str:
    address = require_address(email, settings)
    of_event = TeamMember.event_id == actor.event_id
    members = select(func.count()).select_from(TeamMember).join(Account).where(of_event)
    if session.scalars(members.where(Account.email == address)).one():
        raise InvalidInput(
            [
                Fault(
                    "email", gettext_lazy("this person is already in the team; change their role in the list")
                )
            ]
        )
    others = TeamInvitation.event_id == actor.event_id, TeamInvitation.email != address
    open_ones = (
        select(func.count()).select_from(TeamInvitation).where(*others, TeamInvitation.expires_at > now)
    )
    if session.scalars(members).one() + session.scalars(open_ones).one() >= MAX_MEMBERS:
        raise InvalidInput(
            [
                Fault(
                    "email",
                    gettext_lazy(
                        "the team already has %(most)s members and invitations; remove one first",
                        most=MAX_MEMBERS,
                    ),
                )
            ]
        )
    return address


def revoke_invitation(session: Session, actor: Actor, invitation_id: int, *, now: datetime) -> None:
    """Revoke an invitation: its link stops working. Raises NotFound."""
    actor.require(Right.MANAGE_TEAM, sentence=OWNERS_ONLY)
    which = TeamInvitation.event_id == actor.event_id, TeamInvitation.id == min(invitation_id, _MAX_ID)
    email = session.scalar(delete(TeamInvitation).where(*which).returning(TeamInvitation.email))
    if email is None:
        raise NotFound("invitation", invitation_id)
    about = pgettext_lazy("audit log", "invitation to %(address)s revoked", address=email)
    recording.record_act(session, actor, Act.ROLE, about, now=now)


def get_invitation(session: Session, token: str, *, now: datetime) -> InvitationOffer:
    """Return the invitation of a link. The link stays valid. Raises UnusableInvitation.

    Email scanners open links, so the GET only shows it; the button accepts it.
    """
    row = session.execute(
        select(TeamInvitation, Event.name, Event.timezone)
        .join(Event, Event.id == TeamInvitation.event_id)
        .where(*_is_usable(token, now))
    ).first()
    if row is None:
        raise UnusableInvitation
    found, event, timezone = row
    by = _name(session, found.created_by)
    return InvitationOffer(
        found.email, _is_new(session, found.email), event, found.role, by, found.until, timezone
    )


def accept_invitation(session: Session, token: str, *, now: datetime) -> AcceptedInvitation:
    """Accept an invitation: its address becomes a member. Of two concurrent calls, one succeeds.

    An owner remains an owner. Raises UnusableInvitation.
    """
    made = TeamInvitation
    columns = (made.event_id, made.email, made.role, made.until, made.delegations)
    taken = session.execute(delete(TeamInvitation).where(*_is_usable(token, now)).returning(*columns)).first()
    if taken is None:
        raise UnusableInvitation
    event_id, email, role, until, keys = taken
    lock_team(session, event_id)
    is_new = _is_new(session, email)
    account = sign_in.ensure_account(session, email, now=now)
    member = session.get(TeamMember, (event_id, account.id), populate_existing=True)
    if member is None:
        member = TeamMember(event_id=event_id, account_id=account.id, role=role, until=until, since=now)
        session.add(member)
    elif member.role is not TeamRole.OWNER:
        member.role, member.until = role, until
    of_event = Delegation.event_id == event_id, in_chunks(Delegation.key, keys)
    chosen = session.scalars(select(Delegation.id).where(*of_event)).all()
    set_delegations(
        session, event_id, account.id, chosen if member.role is TeamRole.DELEGATION_MANAGER else ()
    )
    session.flush()
    by = NamedDoer(account_id=account.id, event_id=event_id)
    after = {"role": member.role.value, "until": member.until}
    about = pgettext_lazy("audit log", "invitation to %(address)s accepted", address=email)
    recording.record_act(session, by, Act.ROLE, about, after=after, now=now)
    return AcceptedInvitation(account.id, is_new, session.get_one(Event, event_id).key)


def _is_usable(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    there = select(Event.id).where(Event.is_there())
    return (
        TeamInvitation.token_hash == hash_token(token),
        TeamInvitation.expires_at > now,
        TeamInvitation.event_id.in_(there),
    )


def _is_for(event_id: int, address: str) -> ColumnElement[bool]:
    return (TeamInvitation.event_id == event_id) & (TeamInvitation.email == address)


def _is_new(session: Session, email: str) -> bool:
    return session.scalar(select(Account.id).where(Account.email == email)) is None


def _name(session: Session, account_id: int | None) -> str:
    account = session.get(Account, account_id) if account_id is not None else None
    return "" if account is None else account.name or account.email
