"""Files of a brand: the style sheet and the pictures, whose addresses work without a sign-in.

The token in the address keeps others from finding out which events exist. It never changes, so that emails
show the current logo.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import colours
from scheduler.domain.brand import Brand, BrandPicture
from scheduler.domain.errors import NotFound
from scheduler.services.branding.brands import brand_of
from scheduler.services.text import is_storable
from scheduler.storage.models import Event, EventPicture

STYLE_SHEET, LOGO, BANNER_PICTURE = "style.css", "logo.png", "banner.jpg"
_PICTURES: Final = {
    LOGO: (BrandPicture.LOGO, "image/png"),
    BANNER_PICTURE: (BrandPicture.BANNER_PICTURE, "image/jpeg"),
}


@dataclass(frozen=True, slots=True)
class BrandFile:
    """A file to serve. `version` is in the addresses that pages use."""

    octets: bytes
    media_type: str
    version: str


def read_file(session: Session, event_key: str, token: str, name: str) -> BrandFile:
    """Return a file of a brand. Raises NotFound for an unknown event, token or file."""
    found = select(Event).where(Event.by_key(event_key))
    event = session.scalars(found).first() if is_storable(event_key) else None
    if event is None or not _is_token(brand := brand_of(event), token):
        raise NotFound("file", name)
    if name == STYLE_SHEET:
        return BrandFile(style_sheet(brand).encode("ascii"), "text/css", style_version(brand))
    kind, media_type = _PICTURES.get(name, (None, ""))
    size = getattr(brand, kind) if kind is not None else None
    octets = read_picture(session, event.id, kind) if kind is not None and size is not None else None
    if octets is None or size is None:
        raise NotFound("file", name)
    return BrandFile(octets, media_type, size.digest)


def _is_token(brand: Brand, token: str) -> bool:
    given = token.encode("utf-8", "replace")
    return bool(brand.token) and hmac.compare_digest(brand.token.encode("ascii"), given)


def read_picture(session: Session, event_id: int, kind: BrandPicture) -> bytes | None:
    """Return the octets of a picture, or None."""
    return session.scalar(
        select(EventPicture.octets).where(EventPicture.event_id == event_id, EventPicture.kind == kind)
    )


def style_sheet(brand: Brand) -> str:
    """Return the style sheet that replaces tokens of `api/static/tokens.css` by the brand's colours."""
    return _style_sheet(brand.accent, brand.banner)[0]


def style_version(brand: Brand) -> str:
    """Return the digest of the style sheet, which is in its address."""
    return _style_sheet(brand.accent, brand.banner)[1]


@lru_cache(maxsize=256)
def _style_sheet(accent: str, banner: str) -> tuple[str, str]:
    rules = []
    if accent:
        light, dark = colours.light_palette(accent), colours.dark_palette(accent)
        rules += [
            f"@media screen {{ {_tokens(light)} }}",
            f"@media screen and (prefers-color-scheme: dark) {{ {_tokens(dark)} }}",
            f"@media print {{ :root {{ --brand: {light.accent}; }} }}",
        ]
    if banner:
        rules.append(f":root {{ --banner: {banner}; --banner-ink: {colours.ink_on(banner)}; }}")
    sheet = "\n".join(rules) + "\n"
    return sheet, hashlib.sha256(sheet.encode("ascii")).hexdigest()[:16]


def _tokens(palette: colours.Palette) -> str:
    return (
        f":root {{ --brand: {palette.accent}; --brand-ink: {palette.ink}; --brand-soft: {palette.soft}; "
        f"--selected: {palette.soft}; --focus: {palette.accent}; }}"
    )
