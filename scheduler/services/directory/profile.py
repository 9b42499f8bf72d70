"""Profile of a firm, edited by its exhibitors: texts, product lists and job titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import Tier
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import PersonRef, person_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import (
    NO_WEBSITE,
    clean_line,
    clean_lines,
    is_web_address,
    parse_web_address,
    split_list,
)
from scheduler.storage.models import Attendee, Firm

LISTS = ("offers", "needs", "products")
"""Columns of a firm that are lists of short items."""


@dataclass(frozen=True, slots=True)
class FirmProfile:
    """The own firm's profile, and its people with their job titles."""

    key: str
    logo: str | None
    tier: Tier
    areas: tuple[str, ...]
    name: str
    latin_name: str
    description: str
    website: str
    things: Mapping[str, tuple[str, ...]]
    """Items of each of `LISTS`."""
    people: tuple[PersonRef, ...]


def show_profile(session: Session, actor: Actor) -> FirmProfile:
    """Return the profile of the actor's own firm. Raises NotAllowed, and NotFound if the actor has none."""
    firm = find_own_firm(session, actor, is_locked=False)
    people = tuple(person_ref(each) for each in _people(session, firm.id))
    things = {name: tuple(getattr(firm, name)) for name in LISTS}
    return FirmProfile(
        key=firm.key,
        logo=firm.logo,
        tier=firm.tier,
        areas=tuple(firm.areas),
        name=firm.name,
        latin_name=firm.latin_name,
        description=firm.description,
        website=firm.website,
        things=things,
        people=people,
    )


def change_profile(
    session: Session,
    actor: Actor,
    *,
    description: str,
    website: str,
    things: Mapping[str, str],
    titles: Mapping[str, str],
    now: datetime,
) -> None:
    """Change the profile. `titles` are job titles by key of the firm's people. Others are not changed.

    `things` are the texts of `LISTS`, one item per line. A website without a scheme is assumed to use https.
    Raises InvalidInput with each fault by field: `description`, `website`, a name of `LISTS`, `title-KEY`.
    """
    firm = find_own_firm(session, actor, is_locked=True)
    description, website = clean_lines(description), parse_web_address(website)
    lists = {name: split_list(things.get(name, "")) for name in LISTS}
    people = _people(session, firm.id)
    said = {each.key: clean_line(titles.get(each.key, each.title)) for each in people}
    faults = [
        *fields.check_field("description", description, fields.Description),
        *fields.check_field("website", website, fields.Website),
        *(fault for name, items in lists.items() for fault in fields.check_items(name, items, fields.Things)),
        *(
            fault
            for key, title in said.items()
            for fault in fields.check_field(f"title-{key}", title, fields.JobTitle)
        ),
    ]
    if website and not is_web_address(website):
        faults.append(Fault("website", NO_WEBSITE))
    if faults:
        raise InvalidInput(faults)
    before = {"description": firm.description, "website": firm.website, **{p.key: p.title for p in people}}
    before |= {name: getattr(firm, name) for name in LISTS}
    firm.description, firm.website = description, website
    firm.offers, firm.needs, firm.products = (lists[name] for name in LISTS)
    for person in people:
        person.title = said[person.key]
    session.flush()
    after = {"description": description, "website": website, **said, **lists}
    about = pgettext_lazy("audit log", "exhibitor %(key)s: profile", key=firm.key)
    recording.record_act(
        session, actor, Act.FIRM, about, before=before, after=after, for_firm=firm.key, now=now
    )


def _people(session: Session, firm_id: int) -> Sequence[Attendee]:
    query = select(Attendee).where(Attendee.firm_id == firm_id, Attendee.withdrawn_at.is_(None))
    return session.scalars(query.order_by(Attendee.id)).all()


def find_own_firm(session: Session, actor: Actor, *, is_locked: bool) -> Firm:
    own = gettext_lazy("Only company contacts can edit their company profile.")
    actor.require(Right.EDIT_FIRM_PROFILE, firm_id=actor.firm_id, sentence=own)
    query = select(Firm).where(Firm.id == actor.firm_id)
    if is_locked:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    firm = session.scalar(query)
    if firm is None:
        raise NotFound("firm", "")
    return firm
