"""Logos of firms: decoded in a child process, and served as re-encoded PNG."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.profile import find_own_firm
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import is_storable
from scheduler.storage.database import Database
from scheduler.storage.models import Firm, FirmLogo
from scheduler.untrusted import parsers
from scheduler.untrusted.pictures import MAX_OCTETS, MAX_SIDE, MIN_SIDE, UnusablePicture

TOO_LARGE: Final = gettext_lazy("choose a file of at most %(most)s MB", most=MAX_OCTETS >> 20)
_WHY: Final = {
    "svg": gettext_lazy("save it as PNG; an SVG file can contain programs"),
    "kind": gettext_lazy("choose a PNG, JPEG or GIF file"),
    "large": TOO_LARGE,
    "sides": gettext_lazy(
        "resize it so that each side has %(least)s to %(most)s pixels",
        least=MIN_SIDE,
        most=MAX_SIDE,
    ),
    "broken": gettext_lazy("save it again as PNG; this file can't be read"),
}


def replace_logo(database: Database, actor: Actor, octets: bytes, *, now: datetime) -> None:
    """Replace the logo of the actor's firm. No transaction is open while the file is decoded.

    Raises InvalidInput at `logo` with the reason, NotAllowed, and what `untrusted.parsers.run_job` raises.
    """
    with database.read() as session:
        find_own_firm(session, actor, is_locked=False)
    if not octets:
        raise InvalidInput([Fault("logo", gettext_lazy("choose a file first"))])
    try:
        png = parsers.read_picture(octets).octets
    except UnusablePicture as error:
        raise InvalidInput([Fault("logo", _WHY[str(error)])]) from None
    with database.write() as session:
        firm = find_own_firm(session, actor, is_locked=True)
        kept = session.get(FirmLogo, firm.id)
        if kept is None:
            session.add(FirmLogo(firm_id=firm.id, octets=png))
        else:
            kept.octets = png
        firm.logo = hashlib.sha256(png).hexdigest()[:16]
        session.flush()
        about = pgettext_lazy("audit log", "exhibitor %(key)s: logo", key=firm.key)
        recording.record_act(session, actor, Act.FIRM, about, for_firm=firm.key, now=now)


def remove_logo(session: Session, actor: Actor, *, now: datetime) -> None:
    """Remove the logo. Raises NotAllowed."""
    firm = find_own_firm(session, actor, is_locked=True)
    kept = session.get(FirmLogo, firm.id)
    if kept is None:
        return
    session.delete(kept)
    firm.logo = None
    session.flush()
    about = pgettext_lazy("audit log", "exhibitor %(key)s: logo removed", key=firm.key)
    recording.record_act(session, actor, Act.FIRM, about, for_firm=firm.key, now=now)


def read_logo(session: Session, actor: Actor, firm_key: str, digest: str) -> bytes:
    """Return the logo with this digest. Raises NotFound if it was replaced or removed."""
    actor.require(Right.READ_DIRECTORY)
    found = None
    if is_storable(firm_key) and is_storable(digest):
        query = select(FirmLogo.octets).join(Firm, Firm.id == FirmLogo.firm_id)
        of_firm = Firm.event_id == actor.event_id, Firm.key == firm_key, Firm.logo == digest
        found = session.scalar(query.where(*of_firm))
    if found is None:
        raise NotFound("logo", firm_key)
    return found
