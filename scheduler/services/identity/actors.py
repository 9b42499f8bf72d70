"""Actors: an account in one event, with its roles there.

Every web request on an event acts through an Actor.

Pages are closed to delegation managers unless they opt in: `auth.actor`, which all pages call, does not admit
accounts that only manage a delegation. The few pages for them call another function, so that none of 170
routes leaks. Services then raise NotFound, never NotAllowed, so that keys cannot be guessed.

A delegation manager responds and withdraws on behalf of a firm; only the audit log shows the account. They
cannot request meetings, because the list of possible partners is the whole directory. They cannot choose the
members of a delegation either, or they could read any firm by adding it. The cost is three short queries per
request, for these accounts only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.errors import NotAllowed, NotFound, RecentSignInRequired
from scheduler.domain.team import TeamRole
from scheduler.i18n import display_name, gettext_lazy
from scheduler.invites.catalogue import choose_language
from scheduler.services.identity import rights
from scheduler.services.identity.delegation_managers import ManagedDelegations, find_managed_delegations
from scheduler.services.identity.interpreters import interpreter_id_query, interpreter_language
from scheduler.services.identity.rights import Reach, Right, Role
from scheduler.services.text import is_storable
from scheduler.storage.database import keep_alive
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Interpreter,
    Slot,
    TeamMember,
)

ORGANISERS_ONLY = gettext_lazy("Only an organiser of the event can do this.")
ARCHIVED = gettext_lazy("This event is archived. It is read-only until an owner restores it.")
CHANGE_ADDRESS = gettext_lazy("change an email address")
LET_IN = gettext_lazy("give someone access")
TAKE_CONTACTS = gettext_lazy("export email addresses and phone numbers")
"""Actions that need a fresh sign-in in several places. Others are named where they are checked."""
LEADING = frozenset({Role.OWNER, Role.ORGANISER})
"""Roles that run an event and are notified of failures."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An account, its API token, or a service in one event. `scopes` is None for a person."""

    account_id: int | None
    event_id: int
    event_key: str
    team_role: Role | None = None
    """The role in the event's team."""
    attendee_id: int | None = None
    firm_id: int | None = None
    is_exhibitor: bool = False
    language: str = ""
    """The language of emails to this attendee or interpreter, empty for anyone else."""
    timezone: str = ""
    country: str = ""
    """The person's chosen time zone, and the country of their firm, from which one is derived."""
    scopes: frozenset[str] | None = None
    api_token_id: int | None = None
    name: str = ""
    """Name of a service, which has no account. Empty for anyone else."""
    is_archived: bool = False
    """True if the event is archived."""
    is_rehearsing: bool = False
    """True if the event is not live yet. Its emails go to its organisers only."""
    managed: ManagedDelegations | None = None
    """The delegations of a delegation manager, None for anyone else."""
    interpreter_id: int | None = None
    """The event's interpreter with the account's email address."""
    is_stale: bool = False
    """True if the person's sign-in is too old for sensitive actions. Tokens are limited by scopes instead."""
    signed_in_at: datetime | None = None
    """When the person signed in, None for a token."""

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles, with that in the team first."""
        held = {
            Role.EXHIBITOR: self.is_exhibitor,
            Role.ATTENDEE: self.attendee_id is not None,
            Role.INTERPRETER: self.interpreter_id is not None,
        }
        others = tuple(role for role, is_held in held.items() if is_held)
        return others if self.team_role is None else (self.team_role, *others)

    @property
    def is_organiser(self) -> bool:
        """True if the actor runs the event as an owner or organiser."""
        return self.team_role in LEADING

    @property
    def is_delegation_manager_only(self) -> bool:
        """True if the actor is a delegation manager and not an attendee."""
        return self.managed is not None and self.attendee_id is None

    @property
    def is_interpreter_only(self) -> bool:
        """True if the actor is an interpreter without any other role in the event."""
        return self.interpreter_id is not None and self.attendee_id is None and self.team_role is None

    def may(
        self,
        right: Right,
        *,
        firm_id: int | None = None,
        attendee_id: int | None = None,
        interpreter_id: int | None = None,
    ) -> bool:
        """Return True if the actor has the right in the whole event, or for this firm or person.

        The ids must belong to the event. Callers ensure that by looking them up with the event's id.
        """
        if self.is_archived and right not in rights.WHEN_ARCHIVED:
            return False
        found = rights.reaches(self.roles, right) if rights.in_scope(self.scopes, right) else frozenset()
        if not found or Reach.EVENT in found:
            return bool(found)
        is_own_firm = firm_id is not None and firm_id == self.firm_id
        is_oneself = (attendee_id is not None and attendee_id == self.attendee_id) or (
            interpreter_id is not None and interpreter_id == self.interpreter_id
        )
        brings = self.managed or ManagedDelegations()
        if Reach.DELEGATION in found and (firm_id in brings.firms or attendee_id in brings.people):
            return True
        own = found & {Reach.PERSON, Reach.FIRM}
        return bool(own) and (is_oneself or (is_own_firm and Reach.FIRM in own))

    def require(
        self,
        right: Right,
        *,
        firm_id: int | None = None,
        attendee_id: int | None = None,
        interpreter_id: int | None = None,
        sentence: str = ORGANISERS_ONLY,
    ) -> None:
        """Raise NotAllowed with `sentence` unless the actor has the right.

        For a delegation manager anything outside their delegations raises NotFound.
        """
        if not rights.in_scope(self.scopes, right):
            raise NotAllowed(rights.out_of_scope(right))
        if self.is_archived and right not in rights.WHEN_ARCHIVED:
            raise NotAllowed(ARCHIVED)
        if not self.may(right, firm_id=firm_id, attendee_id=attendee_id, interpreter_id=interpreter_id):
            if self.is_delegation_manager_only:
                raise NotFound("page", self.event_key)
            raise NotAllowed(sentence)

    def require_fresh(self, what: str) -> None:
        """Raise RecentSignInRequired if the person's sign-in is too old.

        Call it where the action is performed, not in a view, so that it holds for each page that leads there.
        `what` names the action, such as `CHANGE_ADDRESS`.
        """
        if self.is_stale:
            raise RecentSignInRequired(what)

    def previewing(self) -> Actor:
        """Return the actor for a preview, which is rolled back and so needs no fresh sign-in."""
        return replace(self, is_stale=False)

    def delegations_for(self, right: Right) -> frozenset[int] | None:
        """Return the ids of the delegations for which the actor has the right, or None for the whole event.

        Raises NotAllowed if the actor has neither.
        """
        if self.is_archived and right not in rights.WHEN_ARCHIVED:
            raise NotAllowed(ARCHIVED)
        reaches = rights.reaches(self.roles, right)
        if self.managed is not None and Reach.DELEGATION in reaches and Reach.EVENT not in reaches:
            return self.managed.delegations
        self.require(right)
        return None

    def own(self, right: Right) -> int | None:
        """Return the id of the actor's own attendee if the actor has the right to it, else None."""
        return self.attendee_id if self.may(right, attendee_id=self.attendee_id) else None

    def own_interpreter(self, right: Right) -> int | None:
        """Return the id of the actor's own interpreter if the actor has the right to it, else None."""
        return self.interpreter_id if self.may(right, interpreter_id=self.interpreter_id) else None


@dataclass(frozen=True, slots=True)
class EventRoles:
    """An event and an account's roles in it. `firm` is the Latin name of the account's firm."""

    event_id: int
    key: str
    name: str
    timezone: str
    team_role: Role | None
    is_exhibitor: bool
    attendee_key: str | None
    firm: str | None
    is_archived: bool = False
    is_interpreter: bool = False
    is_rehearsing: bool = False

    @property
    def is_organiser(self) -> bool:
        return self.team_role in LEADING


_IMPORTER = aliased(TeamMember)
"""The role of the delegation manager who imported a person, until an organiser confirms the person."""

_ROLE_COLUMNS = (
    Event,
    TeamMember.role,
    TeamMember.until,
    Attendee.id,
    Attendee.firm_id,
    Attendee.is_exhibitor,
    Attendee.mail_language,
    Attendee.languages,
    Attendee.timezone,
    Firm.country,
    Attendee.imported_by,
    _IMPORTER.account_id,
    _IMPORTER.until,
)


def add_role_columns(query: Select[*tuple[Any, ...]], account_id: Any) -> Select[*tuple[Any, ...]]:
    """Add fourteen columns with the account's roles to a query on events, for `actor_of_row`."""
    return (
        query.add_columns(*_ROLE_COLUMNS, interpreter_id_query(account_id))
        .outerjoin(TeamMember, and_(TeamMember.event_id == Event.id, TeamMember.account_id == account_id))
        .outerjoin(Attendee, and_(Attendee.event_id == Event.id, Attendee.account_id == account_id))
        .outerjoin(Firm, Firm.id == Attendee.firm_id)
        .outerjoin(_IMPORTER, _imports())
    )


def _imports() -> ColumnElement[bool]:
    """Join condition: the role in which a delegation manager imported an attendee."""
    return and_(
        _IMPORTER.event_id == Attendee.event_id,
        _IMPORTER.account_id == Attendee.imported_by,
        _IMPORTER.role == TeamRole.DELEGATION_MANAGER,
    )


_ROLES = add_role_columns(
    select(literal(0)).select_from(Event).where(Event.by_key(bindparam("event_key"))),
    bindparam("account_id"),
)
"""Built once, because every API request runs it."""


def actor_for(session: Session, account_id: int, event_key: str, *, now: datetime) -> Actor:
    """Return the account as an actor of the event.

    Raises NotFound if it has no role there or there is no event.
    """
    if not is_storable(event_key):
        raise NotFound("event", event_key)
    row = session.execute(_ROLES, {"account_id": account_id, "event_key": event_key}).first()
    actor = actor_of_row(session, account_id, row[1:], now=now) if row is not None else None
    if actor is None:
        raise NotFound("event", event_key)
    return actor


def actor_of_row(session: Session, account_id: int, row: Sequence[Any], *, now: datetime) -> Actor | None:
    """Return the actor for the columns of `add_role_columns`. None if there is no role or no event."""
    event, role, until, attendee_id, firm_id, is_exhibitor, *of_person, interpreter_id = row
    chosen, spoken, zone, country, imported_by, importer, imports_until = of_person
    team_role = None if role is None or (until is not None and until <= now) else Role(role.value)
    if imported_by is not None and (importer is None or (imports_until is not None and imports_until <= now)):
        # an unconfirmed import ends with its manager's role
        attendee_id = firm_id = spoken = None
        is_exhibitor = False
    if event is None or (team_role is None and attendee_id is None and interpreter_id is None):
        return None
    if attendee_id is None and interpreter_id is not None:
        own = session.get_one(Interpreter, interpreter_id)
        language = interpreter_language(own.mail_language, own.name, own.languages, event.language)
        zone = own.timezone
    else:
        language = "" if spoken is None else choose_language(chosen, spoken, event.language)
    managed = (
        find_managed_delegations(session, event.id, account_id)
        if team_role is Role.DELEGATION_MANAGER
        else None
    )
    keep_alive(session, event)  # so that later code in this session does not query it again
    return Actor(
        account_id=account_id,
        event_id=event.id,
        event_key=event.key,
        team_role=team_role,
        attendee_id=attendee_id,
        firm_id=firm_id,
        is_exhibitor=bool(is_exhibitor),
        language=language,
        timezone=zone or "",
        country=country or "",
        managed=managed,
        is_archived=event.archived_at is not None,
        is_rehearsing=event.live_at is None,
        interpreter_id=interpreter_id,
    )


def require_fresh_or_of_show_day(session: Session, actor: Actor, what: str, *, now: datetime) -> None:
    """Like `Actor.require_fresh`, but on an event day a sign-in of the same day is enough.

    Days are in the venue's time zone. It is for frequent actions under time pressure.
    """
    if actor.is_stale and not _is_of_show_day(session, actor, now):
        actor.require_fresh(what)


def _is_of_show_day(session: Session, actor: Actor, now: datetime) -> bool:
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    day = now.astimezone(zone).date()
    if actor.signed_in_at is None or actor.signed_in_at.astimezone(zone).date() != day:
        return False
    first, last = (datetime.combine(day, time(), zone) + timedelta(days=more) for more in (0, 1))
    that_day = select(Slot.id).where(Slot.of(actor.event_id), Slot.start >= first, Slot.start < last)
    return session.scalar(that_day.limit(1)) is not None


def service_actor(
    session: Session, api_token_id: int, name: str, scopes: frozenset[str], role: Role, event_key: str
) -> Actor:
    """Return a service as an actor of the event. Raises NotFound if there is no event."""
    event = session.scalar(select(Event).where(Event.by_key(event_key))) if is_storable(event_key) else None
    if event is None:
        raise NotFound("event", event_key)
    keep_alive(session, event)
    return Actor(
        account_id=None,
        event_id=event.id,
        event_key=event.key,
        team_role=role,
        scopes=scopes,
        api_token_id=api_token_id,
        name=name,
        is_archived=event.archived_at is not None,
    )


def operator_actor(event: Event, *, account_id: int | None = None) -> Actor:
    """Return an owner for the command line. Its user has the database, and usually no account."""
    return Actor(
        account_id=account_id,
        event_id=event.id,
        event_key=event.key,
        team_role=Role.OWNER,
        is_archived=event.archived_at is not None,
        is_rehearsing=event.live_at is None,
    )


def list_events(session: Session, account_id: int, *, now: datetime) -> list[EventRoles]:
    """Return the events that the account runs, attends or interprets at, latest slots first."""
    first_slot = select(func.min(Slot.start)).where(Slot.of(Event.id)).correlate(Event).scalar_subquery()
    interpreting = interpreter_id_query(account_id)
    rows = session.execute(
        select(Event, TeamMember.role, Attendee.key, Attendee.is_exhibitor)
        .add_columns(Firm.name, Firm.latin_name, interpreting)
        .outerjoin(
            TeamMember,
            and_(
                TeamMember.event_id == Event.id, TeamMember.account_id == account_id, active_team_members(now)
            ),
        )
        .outerjoin(
            Attendee,
            and_(Attendee.event_id == Event.id, Attendee.account_id == account_id, sign_in_condition(now)),
        )
        .outerjoin(Firm, Firm.id == Attendee.firm_id)
        .where(
            Event.is_there(),
            or_(TeamMember.account_id.is_not(None), Attendee.id.is_not(None), interpreting.is_not(None)),
        )
        .order_by(first_slot.desc().nulls_last(), Event.id.desc())
    )
    return [
        EventRoles(
            event.id,
            event.key,
            event.name,
            event.timezone,
            None if role is None else Role(role.value),
            bool(exhibitor),
            key,
            None if name is None else display_name(name, latin),
            event.archived_at is not None,
            interpreter_id is not None,
            event.live_at is None,
        )
        for event, role, key, exhibitor, name, latin, interpreter_id in rows
    ]


def active_team_members(now: datetime) -> ColumnElement[bool]:
    """Condition: the team membership has not ended."""
    return or_(TeamMember.until.is_(None), TeamMember.until > now)


def sign_in_condition(now: datetime) -> ColumnElement[bool]:
    """Condition: the attendee may sign in.

    False after an unconfirmed import by a manager whose role has ended.
    """
    holds = or_(_IMPORTER.until.is_(None), _IMPORTER.until > now)
    return or_(Attendee.imported_by.is_(None), exists().where(_imports(), holds).correlate(Attendee))


def leading_accounts(now: datetime, event_id: int | None = None) -> Select[int]:
    """Query for the accounts of owners and organisers, of one event or of all."""
    roles = tuple(TeamRole(role.value) for role in LEADING)
    found = select(TeamMember.account_id).where(TeamMember.role.in_(roles), active_team_members(now))
    return found if event_id is None else found.where(TeamMember.event_id == event_id)
