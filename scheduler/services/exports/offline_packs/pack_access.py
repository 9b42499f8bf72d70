"""The newest pack of an event, for those who may take contacts along."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import NotFound
from scheduler.services.exports.offline_packs import pack_folder
from scheduler.services.exports.offline_packs.pack_folder import StoredPack
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.models import Event


def find_pack(session: Session, actor: Actor, settings: Settings) -> StoredPack | None:
    """Return the newest pack of the actor's event, or None if there is none."""
    actor.require(Right.READ_CONTACTS)
    if not settings.pack_folder:
        return None
    event = session.get_one(Event, actor.event_id)
    return pack_folder.newest_pack(Path(settings.pack_folder), event.key, since=event.created_at)


def take_pack(session: Session, actor: Actor, settings: Settings) -> StoredPack:
    """Return the newest pack to download, which needs a recent sign-in. Raises NotFound without a pack."""
    actor.require_fresh(TAKE_CONTACTS)
    pack = find_pack(session, actor, settings)
    if pack is None:
        raise NotFound("offline pack", actor.event_key)
    return pack
