"""Look at a draft's change set, and publish it."""

from __future__ import annotations

from dataclasses import dataclass

from chainmeet.following import event_of
from scheduler.config import Settings
from scheduler.domain.changes import ChangeSet
from scheduler.services import release
from scheduler.storage.database import Database
from workers import dispatch
from workers.celery_app import make_celery


@dataclass(frozen=True, slots=True)
class Outlook:
    """What publishing a version would do; `compared_with` is the version published now."""

    version: int
    compared_with: int | None
    changes: ChangeSet
    mails: int
    people: int

    def sentences(self) -> str:
        """For a person who decides."""
        against = "nothing yet" if self.compared_with is None else f"version {self.compared_with}"
        counts = ", ".join(f"{count:,} {kind}" for kind, count in self.changes.counts.items() if count)
        told = f"{self.mails:,} mails to {self.people:,} people"
        return f"Version {self.version} against {against}: {counts or 'no meetings'}; {told}."


def look_ahead(database: Database, settings: Settings, event: str, number: int) -> Outlook:
    """Raises NotFound."""
    with database.read() as session:
        event_id = event_of(session, event).id
        preview = release.preview(
            session, event_id=event_id, number=number, settings=settings, now=database.now()
        )
    return Outlook(number, preview.compared_with, preview.change_set, preview.mails, preview.people)


def publish(
    database: Database,
    settings: Settings,
    event: str,
    number: int,
    *,
    compared_with: int | None,
    by: int | None = None,
) -> release.Published:
    """Publish and have the mails sent; raises VersionConflict, WrongState or PlanRejected."""
    with database.write() as session:
        event_id = event_of(session, event).id
        published = release.publish(
            session,
            event_id=event_id,
            number=number,
            compared_with=compared_with,
            by=by,
            settings=settings,
            now=database.now(),
        )
    dispatch.deliver(app=make_celery(settings))
    return published
