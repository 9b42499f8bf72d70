"""Events: create one with its venue, and change its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import combinations
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.brand import Brand
from scheduler.domain.entities import PlaceKind
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed
from scheduler.domain.fields import (
    Contact,
    EventName,
    FreezeHours,
    HoldMinutes,
    MailPerMinute,
    MustBudget,
    RemindMinutes,
    RequestDays,
    SolveSeconds,
)
from scheduler.domain.team import TeamRole
from scheduler.files.policy import read_policy
from scheduler.files.readers import Reader
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.branding import brands
from scheduler.services.events import overnight_schedule
from scheduler.services.events.new_event import (
    CheckedEvent,
    NewEvent,
    check_form,
    language_faults,
)
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.publishing import summaries
from scheduler.services.text import clean_line
from scheduler.storage.models import Account, Event, Hall, Place, Slot, TeamMember, WalkingTime

__all__ = [
    "EventCard",
    "EventSettings",
    "NewEvent",
    "create_event",
    "get_event",
    "get_settings",
    "update_settings",
]


@dataclass(frozen=True, slots=True)
class EventCard:
    """An event as pages and the API read it."""

    id: int
    key: str
    name: str
    timezone: str
    language: str
    areas: Mapping[str, str]
    brand: Brand
    contact: str
    proposals: bool
    summary_mails: bool
    mail_per_minute: int
    mails_paused_at: datetime | None
    publish_hold: int
    solve_seconds: int


_CARD = tuple(EventCard.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class EventSettings:
    """Settings that organisers can change. `policy` has the format of the problem file."""

    name: EventName
    language: str = "en"
    solve_seconds: SolveSeconds = 60
    freeze_hours: FreezeHours = 12
    request_days: RequestDays = 14
    must_budget: MustBudget = 5
    proposals: bool = True
    colleagues: bool = True
    registration: bool = False
    mail_per_minute: MailPerMinute = 600
    publish_hold: HoldMinutes = 5
    summary_mails: bool = True
    digest_mails: bool = True
    contact: Contact = ""
    remind_minutes: RemindMinutes = 0
    policy: Mapping[str, Any] = field(default_factory=dict)


def create_event(
    session: Session, account_id: int, form: NewEvent, *, by: NamedDoer | None = None, now: datetime
) -> EventCard:
    """Create an event with slots, halls and tables. The account must be an operator's and becomes its owner.

    `by` is who the audit log names, by default the account. Raises NotAllowed, and InvalidInput with every
    fault by field of NewEvent.
    """
    if not session.get_one(Account, account_id).is_operator:
        raise NotAllowed(gettext_lazy("Only operators of this installation can create events."))
    checked = check_form(form, now=now)
    made = _insert(session, form, checked, now)
    session.add(TeamMember(event_id=made.id, account_id=account_id, role=TeamRole.OWNER, since=now))
    session.add_all(
        Slot(event_id=made.id, position=i, key=slot.key, start=slot.start, end=slot.end, block=slot.block)
        for i, slot in enumerate(checked.slots)
    )
    _add_venue(session, made.id, form)
    overnight_schedule.add_default_time(session, made, now=now)
    session.flush()
    doer = replace(by or NamedDoer(account_id=account_id, roles=("operator",)), event_id=made.id)
    about = pgettext_lazy("audit log", "event %(key)s created", key=made.key)
    recording.record_act(session, doer, Act.EVENT, about, after={"name": made.name}, now=now)
    return event_card(made)


def get_event(session: Session, actor: Actor) -> EventCard:
    """Return the actor's event."""
    actor.require(Right.READ_EVENT)
    return event_card(session.get_one(Event, actor.event_id))


def event_card(row: Event) -> EventCard:
    """Return the card of an event."""
    values = {name: getattr(row, name) for name in _CARD}
    return EventCard(**values | {"areas": row.named_areas, "brand": brands.brand_of(row)})


def get_settings(session: Session, actor: Actor) -> EventSettings:
    """Return the event's current settings, for organisers."""
    actor.require(Right.CHANGE_SETTINGS)
    row = session.get_one(Event, actor.event_id)
    return EventSettings(**{name: getattr(row, name) for name in EventSettings.__dataclass_fields__})


def update_settings(session: Session, actor: Actor, form: EventSettings, *, now: datetime) -> EventCard:
    """Change the settings, effective at once.

    Raises NotAllowed, and InvalidInput with every fault by field of EventSettings.
    """
    actor.require(Right.CHANGE_SETTINGS)
    form = replace(form, name=clean_line(form.name), contact=clean_line(form.contact))
    faults = list(_settings_faults(form))
    if faults:
        raise InvalidInput(faults)
    row, before = session.get_one(Event, actor.event_id), asdict(get_settings(session, actor))
    was_telling = row.digest_mails
    for name in EventSettings.__dataclass_fields__:
        setattr(row, name, getattr(form, name))
    if row.digest_mails and not was_telling:
        row.digests_since = now  # digests do not report earlier requests
    row.policy = dict(form.policy)
    session.flush()
    after = asdict(get_settings(session, actor))
    recording.record_act(
        session,
        actor,
        Act.SETTINGS,
        pgettext_lazy("audit log", "settings"),
        before=before,
        after=after,
        now=now,
    )
    if not row.summary_mails:
        summaries.take_unsent_summaries(session, row.id)
    return event_card(row)


def _settings_faults(form: EventSettings) -> Iterator[Fault]:
    yield from fields.check_form(form)
    yield from language_faults(form.language)
    reader = Reader()
    read_policy(reader, form.policy)
    yield from reader.faults


def _insert(session: Session, form: NewEvent, checked: CheckedEvent, now: datetime) -> Event:
    made = Event(
        key=checked.key,
        name=checked.name,
        timezone=form.timezone,
        language=form.language,
        created_at=now,
        areas=checked.areas,
        digest_mails=True,
        digests_since=now,
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raise InvalidInput(
            [Fault("key", gettext_lazy("enter another short name; another event uses this one"))]
        ) from None
    return made


def _add_venue(session: Session, event_id: int, form: NewEvent) -> None:
    """Add halls with numbered tables and equal walking times."""
    numbers = range(1, form.halls + 1)
    halls = [Hall(event_id=event_id, key=f"h{i}", name=f"Hall {i}", position=i - 1) for i in numbers]
    session.add_all(halls)
    session.flush()
    for a, b in combinations(sorted(hall.id for hall in halls), 2):
        session.add(WalkingTime(from_hall_id=a, to_hall_id=b, minutes=form.walking_minutes))
    for hall in halls:
        for table in range(1, form.tables_per_hall + 1):
            key = f"{hall.key}t{table:02}"
            session.add(
                Place(event_id=event_id, key=key, name=f"Table {key}", hall_id=hall.id, kind=PlaceKind.TABLE)
            )
