"""Look of printed sheets: the logo and the accent colour of an event."""

from __future__ import annotations

from sqlalchemy.orm import Session

from scheduler.domain.brand import BrandPicture
from scheduler.invites.pdf import rasters
from scheduler.invites.pdf.blocks import SheetLook
from scheduler.services.branding.brands import brand_of
from scheduler.services.branding.files import read_picture
from scheduler.storage.models import Event


def sheet_look(session: Session, event: Event) -> SheetLook:
    """Return the look of an event's printed sheets."""
    brand = brand_of(event)
    logo = read_picture(session, event.id, BrandPicture.LOGO) if brand.logo is not None else None
    return SheetLook(
        accent=int(brand.accent[1:], 16) if brand.accent else None,
        logo=rasters.read_png(logo) if logo is not None else None,
    )
