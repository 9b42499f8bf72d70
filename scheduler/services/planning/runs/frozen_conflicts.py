"""Published meetings within the freeze that cannot take place, by name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.domain.entities import VersionState
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.unscheduled_requests import RequestFirms, find_things
from scheduler.services.schedule import broken_meetings, versions
from scheduler.storage.models import Event

_IS_PLANNED = (VersionState.DRAFT, VersionState.PUBLISHED)


def list_frozen_conflicts(
    session: Session, actor: Actor, number: int, *, now: datetime
) -> list[RequestFirms]:
    """Return such meetings of a draft or of the published version. Older versions have none.

    Raises NotFound.
    """
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    published = versions.find_published_version(session, actor.event_id)
    if published is None or version.state not in _IS_PLANNED or version.number < published.number:
        return []
    until = session.get_one(Event, actor.event_id).frozen_until(now)
    keys = broken_meetings.list_broken_requests(session, published, now=now, until=until)
    named = find_things(session, actor.event_id, keys)
    return [one for key in keys if isinstance(one := named.get(key), RequestFirms)]
