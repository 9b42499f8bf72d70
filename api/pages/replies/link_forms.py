"""Forms behind an email's link: the link is the credential, so no cookie is required.

Another site cannot forge such a form, because it does not know the link. Fetch Metadata headers are checked
in addition.
"""

from __future__ import annotations

from flask import request


def is_from_another_site() -> bool:
    """True if Fetch Metadata headers report a cross-site request. Old browsers do not send them."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
