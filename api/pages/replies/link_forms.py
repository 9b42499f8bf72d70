"""Forms behind an email's link: the link is the credential, so no cookie is required.

Another site cannot forge such a form, because it does not know the link. A browser that tells where a form
comes from is believed all the same.
"""

from __future__ import annotations

from flask import request


def is_from_another_site() -> bool:
    """Whether the browser says that another site sent the form (Fetch Metadata). Old browsers say nothing."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
