"""Brand of an event: how its pages, emails and prints look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from scheduler.domain import colours

_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_DIGEST: Final = re.compile(r"[0-9a-f]{16}")
_MAX_SIDE: Final = 10_000
TEXTS: Final = ("accent", "banner", "sender", "headline", "tagline")
"""Stored texts of a brand, colours first."""


class BrandPicture(StrEnum):
    """A picture of a brand."""

    LOGO = "logo"
    BANNER_PICTURE = "banner_picture"


@dataclass(frozen=True, slots=True)
class PictureSize:
    """A stored picture: the digest of its octets, and its size in pixels."""

    digest: str
    width: int
    height: int

    def fitted(self, width: float, height: float) -> tuple[int, int]:
        """Return the size that fits into a box, in whole units."""
        scale = min(width / self.width, height / self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


@dataclass(frozen=True, slots=True)
class Brand:
    """What an event's organisers have chosen. Empty values mean the look of the site.

    `token` is in the addresses of the style sheet and pictures, which work without a sign-in. `accent` is the
    colour of buttons and links, `banner` that of the public page's banner and the top line of emails.
    """

    event_key: str
    event_name: str
    token: str = ""
    accent: str = ""
    banner: str = ""
    sender: str = ""
    headline: str = ""
    tagline: str = ""
    logo: PictureSize | None = None
    banner_picture: PictureSize | None = None

    def __bool__(self) -> bool:
        """Return True if anything is chosen."""
        return any(
            (
                self.accent,
                self.banner,
                self.sender,
                self.headline,
                self.tagline,
                self.logo,
                self.banner_picture,
            )
        )

    @property
    def path(self) -> str:
        """Path of the style sheet and pictures, without its last part."""
        return f"/brand/{self.event_key}/{self.token}"

    def as_json(self) -> dict[str, Any]:
        """Return the chosen values as stored."""
        texts = {name: getattr(self, name) for name in ("token", *TEXTS) if getattr(self, name)}
        sizes = {
            name: {"digest": size.digest, "width": size.width, "height": size.height}
            for name, size in (("logo", self.logo), ("banner_picture", self.banner_picture))
            if size is not None
        }
        return texts | sizes


def read_brand(stored: Mapping[str, Any], event_key: str, event_name: str) -> Brand:
    """Return the brand of an event from its stored values. Values that no form would store are left out."""
    texts: dict[str, Any] = {name: value for name in TEXTS if isinstance(value := stored.get(name), str)}
    texts |= {name: "" for name in ("accent", "banner") if not colours.is_colour(texts.get(name))}
    token = stored.get("token")
    return Brand(
        event_key=event_key,
        event_name=event_name,
        token=token if isinstance(token, str) and _TOKEN.fullmatch(token) else "",
        logo=_size(stored.get("logo")),
        banner_picture=_size(stored.get("banner_picture")),
        **texts,
    )


def _size(stored: Any) -> PictureSize | None:
    if not isinstance(stored, Mapping) or not _DIGEST.fullmatch(str(stored.get("digest"))):
        return None
    width, height = stored.get("width"), stored.get("height")
    if not all(isinstance(side, int) and 0 < side <= _MAX_SIDE for side in (width, height)):
        return None
    return PictureSize(str(stored["digest"]), int(width or 1), int(height or 1))
