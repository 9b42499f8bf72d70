"""The event of benchmarks: its versions know all requests."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from scheduler.domain.entities import VersionState
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import MeetingRequest
from tests.support.factories import NOW
from tests.support.full_size import add_version, fill


def test_no_request_or_response_is_newer_than_the_published_version(database: Database) -> None:
    event_id = fill(database, firms=20, meetings=40, now=NOW + timedelta(days=9))
    number = add_version(database, event_id, state=VersionState.PUBLISHED)
    with database.read() as session:
        version = versions.get_version(session, event_id, number)
        newer = func.coalesce(MeetingRequest.responded_at, MeetingRequest.created_at) > version.created_at
        assert session.scalars(select(MeetingRequest.key).where(newer)).all() == []
        assert version.published_at == version.created_at
