"""Look of an event's emails: sender name, colours and logo.

The logo is a link to the site, not a part of the email. A part would add its octets to each invitation,
change the structure by which Outlook finds the calendar, and appear as an attachment in calendars. The
address is the same for every recipient, so it does not tell who has read an email. Where images are blocked,
the alternative text is the event's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from scheduler.domain import colours

_DARK: Final = "#5cc0b7"
_DARK_INK: Final = "#06201f"
"""The site's accent in dark mode in `templates/*.html`, and text on it."""
_STYLED: Final = re.compile(r'\b(?:style|bgcolor)="[^"]*"')
_LOGO_PATH: Final = re.compile(r"/brand/[^/?#]+/[0-9a-f]{32}/logo\.png$")


@dataclass(frozen=True, slots=True)
class EmailLook:
    """The look of an email. The default is that of the site.

    `logo` is the path of the picture on the site, with its size in pixels. `site` is the site's address.
    """

    event: str = ""
    sender: str = ""
    accent: str = ""
    banner: str = ""
    logo: str = ""
    width: int = 0
    height: int = 0
    site: str = ""

    @classmethod
    def from_json(cls, values: Mapping[str, Any] | None, site: str) -> EmailLook:
        """Return the look that an email's payload has under `brand`, or the site's."""
        return cls(**values, site=site) if values else SITE_LOOK

    def header(self, font: str) -> str:
        """Return the row above the email: the banner's colour as a line, and the logo. Empty without both."""
        line = f"border-top:5px solid {self.banner};" if self.banner else ""
        if not self.logo:
            return f'<tr><td style="{line}font-size:0;line-height:0;">&nbsp;</td></tr>\n' if line else ""
        style = f"padding:16px 24px 4px;background:#ffffff;{line}{font}"
        return (
            f'<tr><td class="card" bgcolor="#ffffff" style="{style}">'
            f'<img src="{escape(self.site + self.logo)}" alt="{escape(self.event)}" width="{self.width}" '
            f'height="{self.height}" style="display:block;border:0;background:#ffffff;"></td></tr>\n'
        )

    def applied(self, html: str) -> str:
        """Return a page with the accent in place of the site's. Only styles are changed, and no text."""
        if not self.accent:
            return html
        light, dark = colours.light_palette(self.accent), colours.dark_palette(self.accent)
        before, begin, rest = html.partition("<style>")
        sheet, end, after = rest.partition("</style>")
        dyed = sheet.replace(_DARK, dark.accent).replace(_DARK_INK, dark.ink)
        html = f"{before}{begin}{dyed}{end}{after}"
        return _STYLED.sub(lambda found: found[0].replace(colours.SITE_ACCENT, light.accent), html)


SITE_LOOK: Final = EmailLook()


def is_logo(address: str) -> bool:
    """Return True for the address of a logo, which a sample of an email keeps."""
    return _LOGO_PATH.search(address) is not None
