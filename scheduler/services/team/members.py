"""Members of an event's team: roles, expiry and removal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.errors import ChainmeetError, Fault, InvalidInput, NotAllowed, NotFound
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import LET_IN, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Account,
    ApiToken,
    Delegation,
    Event,
    TeamDelegation,
    TeamInvitation,
    TeamMember,
)

OWNERS_ONLY = gettext_lazy("Only an owner of the event can change the team.")
PERSON_ONLY = "Only a person who is signed in may make, change or remove an owner."
LAST_YEAR = 2100


class LastOwner(ChainmeetError):
    """Raised if the change would leave the event without an owner."""

    code = "last-owner"

    def __init__(self) -> None:
        super().__init__(gettext_lazy("The event needs an owner. Make another member an owner first."))


@dataclass(frozen=True, slots=True)
class DelegationName:
    """A delegation that a delegation manager may access."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A member of the team."""

    account_id: int
    """Of the account."""
    email: str
    name: str
    role: TeamRole
    until: datetime | None
    """When the role ends; None for no end."""
    since: datetime | None
    has_ended: bool
    is_oneself: bool
    """Whether it is the user."""
    delegations: tuple[DelegationName, ...] = ()
    """Delegations of a delegation manager."""


@dataclass(frozen=True, slots=True)
class InvitationCard:
    """An open invitation to the team."""

    id: int
    email: str
    role: TeamRole
    until: datetime | None
    """When the role will end; None for no end."""
    created_at: datetime
    expires_at: datetime
    """When its link expires."""
    is_over: bool
    delegations: tuple[DelegationName, ...] = ()


@dataclass(frozen=True, slots=True)
class Team:
    """Members and invitations. `may_change` is True if the actor is an owner."""

    members: tuple[MemberCard, ...]
    invitations: tuple[InvitationCard, ...]
    may_change: bool
    delegations: tuple[DelegationName, ...] = ()
    """All delegations of the event, to choose from."""


def get_team(session: Session, actor: Actor, *, now: datetime) -> Team:
    """Return the team, owners first; for an owner also the open invitations."""
    actor.require(Right.READ_TEAM)
    rows = session.execute(
        select(TeamMember, Account.email, Account.name)
        .join(Account, Account.id == TeamMember.account_id)
        .where(TeamMember.event_id == actor.event_id)
    )
    managed = _list_managed_delegations(session, actor.event_id)
    members = [
        MemberCard(
            row.account_id, email, name, row.role, row.until, row.since,
            has_ended=row.until is not None and row.until <= now,
            is_oneself=row.account_id == actor.account_id,
            delegations=tuple(managed.get(row.account_id, ()))
            if row.role is TeamRole.DELEGATION_MANAGER
            else (),
        )
        for row, email, name in rows
    ]  # fmt: skip
    members.sort(key=lambda card: (card.has_ended, list(TeamRole).index(card.role), card.email))
    may_change = actor.may(Right.MANAGE_TEAM)
    if not may_change:
        return Team(tuple(members), (), may_change)
    names = _delegations(session, actor.event_id)
    return Team(tuple(members), _invitations(session, actor, names, now), may_change, tuple(names.values()))


def _invitations(
    session: Session, actor: Actor, names: Mapping[str, DelegationName], now: datetime
) -> tuple[InvitationCard, ...]:
    of_event = select(TeamInvitation).where(TeamInvitation.event_id == actor.event_id)
    return tuple(
        InvitationCard(
            row.id,
            row.email,
            row.role,
            row.until,
            row.created_at,
            row.expires_at,
            row.expires_at <= now,
            tuple(names[key] for key in row.delegations if key in names),
        )
        for row in session.scalars(of_event.order_by(TeamInvitation.id.desc()))
    )


def _delegations(session: Session, event_id: int) -> dict[str, DelegationName]:
    """Return the event's delegations by key, in name order."""
    query = select(Delegation.key, Delegation.name).where(Delegation.event_id == event_id)
    rows = session.execute(query.order_by(func.lower(Delegation.name), Delegation.id))
    return {key: DelegationName(key, name) for key, name in rows}


def _list_managed_delegations(session: Session, event_id: int) -> dict[int, list[DelegationName]]:
    """Return the delegations of each delegation manager, by account."""
    found: dict[int, list[DelegationName]] = {}
    rows = session.execute(
        select(TeamDelegation.account_id, Delegation.key, Delegation.name)
        .join(Delegation, Delegation.id == TeamDelegation.delegation_id)
        .where(Delegation.event_id == event_id)
        .order_by(func.lower(Delegation.name), Delegation.id)
    )
    for account_id, key, name in rows:
        found.setdefault(account_id, []).append(DelegationName(key, name))
    return found


def change_member(
    session: Session,
    actor: Actor,
    account_id: int,
    *,
    role: TeamRole,
    until: date | None,
    delegations: Sequence[str] = (),
    now: datetime,
) -> None:
    """Update a member's role, last day or delegations (by key).

    Also revokes the open invitations of a former owner. Raises NotFound, InvalidInput, LastOwner.
    """
    actor.require(Right.MANAGE_TEAM, sentence=OWNERS_ONLY)
    actor.require_fresh(LET_IN)
    lock_team(session, actor.event_id)
    member = _member(session, actor, account_id)
    require_person_for_owners(actor, member.role, role)
    ends = membership_end(session, actor.event_id, role, until, now=now)
    chosen = find_delegations(session, actor.event_id, role, delegations)
    if member.role is TeamRole.OWNER and role is not TeamRole.OWNER:
        _require_another_owner(session, actor.event_id)
        _end_invitations_of(session, actor.event_id, account_id)
    before = {"role": member.role.value, "until": member.until}
    member.role, member.until = role, ends
    set_delegations(session, actor.event_id, account_id, chosen.values())
    session.flush()
    after = {"role": role.value, "until": ends, **({"delegations": sorted(chosen)} if chosen else {})}
    about = pgettext_lazy(
        "audit log", "role of %(address)s", address=session.get_one(Account, account_id).email
    )
    recording.record_act(session, actor, Act.ROLE, about, before=before, after=after, now=now)


def remove_member(session: Session, actor: Actor, account_id: int, *, now: datetime) -> None:
    """Remove a member, or oneself, from the team.

    Their sessions and tokens lose the role with the next request. Tokens created as an organiser, and open
    invitations, are revoked. Raises NotFound, LastOwner.
    """
    if account_id != actor.account_id or actor.scopes is not None:
        actor.require(Right.MANAGE_TEAM, sentence=OWNERS_ONLY)
    actor.require_fresh(gettext_lazy("remove the role"))
    lock_team(session, actor.event_id)
    member = _member(session, actor, account_id)
    require_person_for_owners(actor, member.role)
    if member.role is TeamRole.OWNER:
        _require_another_owner(session, actor.event_id)
    about = pgettext_lazy(
        "audit log", "role of %(address)s", address=session.get_one(Account, account_id).email
    )
    before = {"role": member.role.value, "until": member.until}
    session.delete(member)
    set_delegations(session, actor.event_id, account_id, ())
    theirs = ApiToken.event_id == actor.event_id, ApiToken.created_by == account_id, ApiToken.as_organiser
    session.execute(
        update(ApiToken)
        .where(*theirs, ApiToken.revoked_at.is_(None))
        .values(revoked_at=now, revoked_by=actor.account_id)
    )
    _end_invitations_of(session, actor.event_id, account_id)
    session.flush()
    recording.record_act(session, actor, Act.ROLE, about, before=before, now=now)


def _end_invitations_of(session: Session, event_id: int, account_id: int) -> None:
    """Revoke the open invitations of a former owner, which they could use to rejoin."""
    made = (TeamInvitation.event_id == event_id) & (TeamInvitation.created_by == account_id)
    session.execute(delete(TeamInvitation).where(made))


def find_delegations(session: Session, event_id: int, role: TeamRole, keys: Sequence[str]) -> dict[str, int]:
    """Return ids of a delegation manager's delegations, by key; empty for other roles.

    Raises InvalidInput by `delegations`.
    """
    if role is not TeamRole.DELEGATION_MANAGER:
        return {}
    wanted = list(dict.fromkeys(filter(is_storable, keys)))
    rows = session.execute(
        select(Delegation.key, Delegation.id).where(
            Delegation.event_id == event_id, in_chunks(Delegation.key, wanted)
        )
    )
    found = {row.key: row.id for row in rows}
    if not found or len(found) < len(keys):
        raise InvalidInput(
            [Fault("delegations", gettext_lazy("choose at least one delegation of this event"))]
        )
    return found


def set_delegations(session: Session, event_id: int, account_id: int, delegation_ids: Iterable[int]) -> None:
    """Give an account access to exactly these delegations of the event."""
    of_event = select(Delegation.id).where(Delegation.event_id == event_id)
    session.execute(
        delete(TeamDelegation).where(
            TeamDelegation.account_id == account_id, TeamDelegation.delegation_id.in_(of_event)
        )
    )
    session.add_all(TeamDelegation(account_id=account_id, delegation_id=each) for each in delegation_ids)
    session.flush()


def require_person_for_owners(actor: Actor, *roles: TeamRole) -> None:
    """Raises NotAllowed for an API token if a role is owner, so that no token can take over an event."""
    if TeamRole.OWNER in roles and actor.scopes is not None:
        raise NotAllowed(PERSON_ONLY)


def lock_team(session: Session, event_id: int) -> None:
    """Lock the team until the commit, so that two owners cannot remove each other."""
    session.execute(select(Event.id).where(Event.id == event_id).with_for_update(key_share=True))


def membership_end(
    session: Session, event_id: int, role: TeamRole, until: date | None, *, now: datetime
) -> datetime | None:
    """Return the end of the last day in the event's time zone. Raises InvalidInput by `until`."""
    if until is None:
        return None
    if role is TeamRole.OWNER:
        raise InvalidInput([Fault("until", gettext_lazy("an owner has no last day; leave this blank"))])
    if until.year > LAST_YEAR:
        raise InvalidInput([Fault("until", gettext_lazy("choose an earlier date"))])
    zone = ZoneInfo(session.get_one(Event, event_id).timezone)
    ends = datetime.combine(until + timedelta(days=1), time(0), zone).astimezone(UTC)
    if ends <= now:
        raise InvalidInput([Fault("until", gettext_lazy("enter a date that is not in the past"))])
    return ends


def _member(session: Session, actor: Actor, account_id: int) -> TeamMember:
    found = session.get(TeamMember, (actor.event_id, account_id), populate_existing=True)
    if found is None:
        raise NotFound("member of the team", account_id)
    return found


def _require_another_owner(session: Session, event_id: int) -> None:
    owners = TeamMember.event_id == event_id, TeamMember.role == TeamRole.OWNER
    if session.scalars(select(func.count()).select_from(TeamMember).where(*owners)).one() < 2:
        raise LastOwner
