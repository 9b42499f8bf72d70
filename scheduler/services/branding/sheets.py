"""Look of printed sheets and of the PDFs in emails: the logo and the accent colour of an event."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.brand import BrandPicture
from scheduler.invites.pdf import rasters
from scheduler.invites.pdf.blocks import SheetLook
from scheduler.invites.pdf.rasters import Raster
from scheduler.services.branding.brands import brand_of
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Event, EventPicture

_MAX_CACHED: Final = 8
"""Logos that a process keeps ready for PDFs, at most about 1 MB each."""


def sheet_look(session: Session, event: Event) -> SheetLook:
    """Return the look of an event's printed sheets."""
    brand = brand_of(event)
    return SheetLook(
        accent=int(brand.accent[1:], 16) if brand.accent else None,
        logo=load_logos(session, [event.id]).get(event.id) if brand.logo is not None else None,
    )


def load_logos(session: Session, event_ids: Collection[int]) -> dict[int, Raster]:
    """Return the current logos of those events that have one, by id. Each picture is decoded once."""
    if not event_ids:
        return {}
    found = select(EventPicture.event_id, EventPicture.octets).where(
        in_chunks(EventPicture.event_id, event_ids), EventPicture.kind == BrandPicture.LOGO
    )
    read = {event_id: _read_logo(octets) for event_id, octets in session.execute(found)}
    return {event_id: logo for event_id, logo in read.items() if logo is not None}


@lru_cache(maxsize=_MAX_CACHED)
def _read_logo(octets: bytes) -> Raster | None:
    return rasters.read_png(octets)
