"""Exports of plugins: offered by their right, given frozen values, limited in time and size."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

import structlog
from sqlalchemy.orm import Session

from scheduler.domain.errors import ChainmeetError, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.plugins import (
    EXPORTS,
    ExportedCompany,
    ExportedEvent,
    ExportedMeeting,
    ExportedPerson,
    ExportedSchedule,
    ExportPlugin,
    ExportRefused,
)
from scheduler.plugins.loading import load
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import AuditSubject
from scheduler.services.exports import meeting_list
from scheduler.services.exports.meeting_list import ListedMeeting, ListedSide
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import clean_line
from scheduler.storage.models import Event
from scheduler.threads import run_with_monitor

MAX_SECONDS: Final = 20.0
MAX_OCTETS: Final = 32 << 20

log = structlog.get_logger()


class ExportFailed(ChainmeetError):
    """A plugin's export failed. `str()` says why."""

    code = "export-failed"


@dataclass(frozen=True, slots=True)
class OfferedExport:
    """An export that the reader may have, read by its name."""

    name: str
    title: str
    about: str
    content_type: str
    ending: str
    """Of the file's name, without the dot."""


@dataclass(frozen=True, slots=True)
class PreparedExport:
    """An export with its loaded values, so that the file can be made without an open transaction."""

    plugin: ExportPlugin
    name: str
    schedule: ExportedSchedule

    @property
    def content_type(self) -> str:
        return self.plugin.content_type

    def make(self) -> Export:
        """Return the file.

        Raises ExportFailed if the plugin refuses, fails, or exceeds its limits of time or size.
        """
        ends = time.monotonic() + MAX_SECONDS
        outcome = run_with_monitor(
            lambda: self.plugin.make(self.schedule), lambda: time.monotonic() < ends, every=1.0, name="export"
        )
        if not outcome.done():
            self._fail(gettext_lazy("it took more than %(seconds)s seconds", seconds=f"{MAX_SECONDS:g}"))
        error = outcome.exception()
        if isinstance(error, ExportRefused):
            self._fail(clean_line(str(error))[:500])
        if error is not None:
            log.error("export failed", plugin=self.name, exc_info=error)
            self._fail(gettext_lazy("the plugin failed; see the server log for the reason"))
        octets = outcome.result()
        if not isinstance(octets, bytes):
            self._fail(gettext_lazy("the plugin returned no file"))
        if len(octets) > MAX_OCTETS:
            self._fail(gettext_lazy("the file is larger than %(most)s MiB", most=str(MAX_OCTETS >> 20)))
        event, version = self.schedule.event.key, self.schedule.version
        numbered = "" if version is None else f"-{version}"
        return Export(octets, f"{self.name}-{event}{numbered}.{self.plugin.ending}")

    def _fail(self, why: str) -> NoReturn:
        raise ExportFailed(
            gettext_lazy(
                "%(title)s could not be exported: %(why)s.", title=self.plugin.title, why=why.rstrip(".")
            )
        )


def offered(actor: Actor) -> tuple[OfferedExport, ...]:
    """Return the exports of plugins that the actor may use, by name."""
    return tuple(
        OfferedExport(name, plugin.title, plugin.about, plugin.content_type, plugin.ending)
        for name, plugin in load(EXPORTS).items()
        if all(actor.may(right) for right in _rights(plugin))
    )


def prepare(
    session: Session, actor: Actor, name: str, number: int | None = None, *, language: str | None = None
) -> PreparedExport:
    """Load the values for an export of a version, by default of the published one.

    Names are those for readers of the language. Raises NotFound, NotAllowed without the export's right, and
    RecentSignInRequired if the export has contacts and the last sign-in is too old.
    """
    plugin = load(EXPORTS).get(name)
    if plugin is None:
        raise NotFound("export", name)
    for right in _rights(plugin):
        actor.require(right)
    has_contacts = plugin.right == Right.READ_CONTACTS.name
    if has_contacts:
        actor.require_fresh(TAKE_CONTACTS)
    schedule = read_schedule(session, actor, number, language=language, has_contacts=has_contacts)
    return PreparedExport(plugin, name, schedule)


def read_schedule(
    session: Session,
    actor: Actor,
    number: int | None = None,
    *,
    language: str | None = None,
    has_contacts: bool = False,
) -> ExportedSchedule:
    """Return a version, by default the published one, with its meetings. Raises NotFound and NotAllowed."""
    if has_contacts:
        actor.require(Right.READ_CONTACTS)
    event = session.get_one(Event, actor.event_id)
    version = meeting_list.find_version(session, actor, number)
    language = language or event.language
    meetings = (
        meeting_list.list_meetings(session, actor, version.id, language=language)
        if version is not None
        else ()
    )
    return ExportedSchedule(
        ExportedEvent(event.key, event.name, event.timezone, event.language),
        version.number if version is not None else None,
        version.published_at if version is not None else None,
        tuple(_meetings(meetings, has_contacts=has_contacts)),
    )


def note(session: Session, actor: Actor, name: str, *, now: datetime) -> None:
    """Record in the audit log that the actor downloaded a plugin's export."""
    actor.require(Right.READ_AGENDAS)
    recording.record_act(session, actor, Act.EXPORT, AuditSubject(name), now=now)


def _rights(plugin: ExportPlugin) -> tuple[Right, ...]:
    return Right.READ_VERSIONS, Right.READ_AGENDAS, Right[plugin.right]


def _meetings(meetings: Iterable[ListedMeeting], *, has_contacts: bool) -> Iterator[ExportedMeeting]:
    for each in meetings:
        requesting, requested = (_company(side, has_contacts=has_contacts) for side in each.sides)
        yield ExportedMeeting(
            request=each.request,
            topic=each.topic,
            priority=each.priority,
            start=each.start,
            end=each.end,
            hall=each.hall,
            place=each.place,
            place_name=each.place_name,
            interpreter=each.interpreter,
            requesting=requesting,
            requested=requested,
        )


def _company(side: ListedSide, *, has_contacts: bool) -> ExportedCompany:
    people = (
        ExportedPerson(
            person.key,
            person.name,
            person.title,
            person.email if has_contacts else "",
            person.phone if has_contacts else "",
        )
        for person in side.people
    )
    return ExportedCompany(side.key, side.name, side.country, tuple(people))
