"""An event whose meetings are published and changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from scheduler.domain.entities import VersionState
from scheduler.services.publishing import (
    job_execution,
    version_jobs,
)
from scheduler.services.publishing.job_execution import JobEnding
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail, VersionJob
from tests.support.factories import (
    Expo,
    make_event,
    make_request,
    make_version,
    meet,
)
from tests.support.publishing import SETTINGS


class Scene:
    """An event with eight firms: each of the first four meets one of the others, in a draft."""

    def __init__(self, database: Database, **columns: Any) -> None:
        self.database = database
        with database.write() as session:
            self.expo: Expo = make_event(session, firms=8, slots="8", tables=8, summary_mails=True, **columns)
            self.requests = [make_request(session, self.expo, i, i + 4) for i in range(4)]
        self.number = self.draft([0, 0, 0, 0])

    def draft(self, slots: list[int]) -> int:
        with self.database.write() as session:
            meetings = [
                meet(request, self.expo, slot=slot, place=self.expo.tables[i])
                for i, (request, slot) in enumerate(zip(self.requests, slots, strict=True))
            ]
            return make_version(session, self.expo, meetings, state=VersionState.DRAFT).number

    def ask(self, number: int | None = None, compared_with: int | None = None, **more: Any) -> int:
        with self.database.write() as session:
            return version_jobs.request_publishing(
                session,
                event_id=self.expo.event.id,
                number=number or self.number,
                compared_with=compared_with,
                now=self.database.now(),
                **({"by": self.expo.organiser.id} | more),
            ).id

    def do(self, job_id: int, **options: Any) -> JobEnding:
        return job_execution.execute_job(self.database, job_id, worker="w", settings=SETTINGS, **options)

    def job(self, job_id: int) -> VersionJob:
        with self.database.read() as session:
            return session.get_one(VersionJob, job_id)

    def mails(self) -> list[tuple[str, str]]:
        with self.database.read() as session:
            rows = session.execute(select(OutboxEmail.kind, OutboxEmail.to_address).order_by(OutboxEmail.id))
            return sorted((kind, address) for kind, address in rows if kind != "alert")

    def state(self, number: int | None = None) -> VersionState:
        with self.database.read() as session:
            return versions.get_version(session, self.expo.event.id, number or self.number).state


def everybody(expo: Expo) -> list[tuple[str, str]]:
    addresses = [people[0].email for people in expo.people]
    return sorted([("invitation", to) for to in addresses] + [("summary", to) for to in addresses])
