"""Scope of an import: all rows of the event, or those of one delegation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, Select, select, true, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from scheduler.domain.errors import NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.delegation_lookup import delegation_firms_query, find_delegation
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets.delegation_import import ImportingDelegation
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.storage.models import Account, Attendee, DelegationFirm, Firm, TeamInvitation, TeamMember

ADDRESS_TAKEN = gettext_lazy("can't be used here; contact the organisers")
MAX_FIRMS = 300
"""Firms that a delegation can import."""


def find_importing_delegation(session: Session, actor: Actor, key: str) -> ImportingDelegation:
    """Return the delegation whose firms and people the actor may import. Raises NotFound."""
    found = find_delegation(session, actor, key, Right.IMPORT_MEMBERS)
    return ImportingDelegation(found.id, found.key)


def require_import_right(actor: Actor, options: ImportOptions) -> None:
    """Raises an access error unless the actor may import with these options."""
    if options.members is None:
        actor.require(Right.IMPORT)
        return
    only = actor.delegations_for(Right.IMPORT_MEMBERS)
    if only is not None and options.members.delegation_id not in only:
        raise NotFound("delegation", options.members.key)


def limit_to_delegation(firm_id: InstrumentedAttribute[int], options: ImportOptions) -> ColumnElement[bool]:
    """SQL condition: rows of the delegation's firms, or all without a delegation."""
    return (
        true()
        if options.members is None
        else firm_id.in_(delegation_firms_query(options.members.delegation_id))
    )


def check_firm_count(table: Table, known: Mapping[str, Firm]) -> None:
    """Report a fault if a delegation would import too many firms."""
    if table.options.members is not None:
        new = [row for row in table.rows if row.values.get("key") not in known]
        for row in new[max(MAX_FIRMS - len(known), 0) :]:
            row.fault(
                "name",
                gettext_lazy(
                    "a delegation can import at most %(most_firms)s companies; contact the organisers",
                    most_firms=MAX_FIRMS,
                ),
            )


def add_firms(session: Session, options: ImportOptions, firm_ids: Iterable[int]) -> None:
    """Add new firms to the delegation that imports them."""
    if options.members is not None:
        of = options.members.delegation_id
        session.add_all(DelegationFirm(delegation_id=of, firm_id=firm_id) for firm_id in firm_ids)
        session.flush()


def check_addresses(
    session: Session,
    event_id: int,
    members: ImportingDelegation,
    rows: Iterable[tuple[Row, str]],
    known: Mapping[str, Attendee],
) -> None:
    """Report addresses of others and of the team, and changes of addresses, as faults, because they would
    grant sign-in.
    """
    others = select(Attendee.email).where(
        Attendee.event_id == event_id, Attendee.firm_id.not_in(delegation_firms_query(members.delegation_id))
    )
    taken = set(session.scalars(union(others, *_select_team_addresses(event_id))))
    for row, email in rows:
        person = known.get(row.values.get("key", ""))
        if email in taken and (person is None or email != person.email):
            row.fault("email", ADDRESS_TAKEN)
        elif person is not None and email != person.email:
            row.fault("email", gettext_lazy("can only be changed by the organisers; contact them"))


def _select_team_addresses(event_id: int) -> tuple[Select[str], Select[str]]:
    """Return queries for addresses of the team, and of invited members."""
    members = select(Account.email).join(TeamMember).where(TeamMember.event_id == event_id)
    return members, select(TeamInvitation.email).where(TeamInvitation.event_id == event_id)
