"""Which pages are in which languages.

Most pages are in all languages but those of guests, developers' pages in English only. Guests are exhibitors,
attendees, interpreters and the public: a language of guests has all that they see and get, and nothing else.
The team of an event and operators get no page in such a language, because their menus are not translated.
"""

from __future__ import annotations

from typing import Final

ENGLISH_ONLY: Final = frozenset({"docs", "health", "openapi", "print_status", "v1"})
"""Blueprints that are not translated. `print_status` takes its texts from the catalogue of the prints."""

GUEST_LANGUAGES: Final = frozenset({"ar"})
"""Languages of the pages of guests only. Emails are in all languages."""

GUEST_PAGES: Final = frozenset(
    {
        "agenda",
        "busy_times",
        "calendar",
        "colleagues",
        "digest_links",
        "digests",
        "event_search",
        "exhibitor_dashboard",
        "feed",
        "firms",
        "first_steps",
        "interpreter_day",
        "language",
        "manual",
        "my_day",
        "organiser_dashboard.list_own_events",
        "outcome_list",
        "outcomes",
        "own_consents",
        "passkeys",
        "personal_data",
        "preferences",
        "profile",
        "provider_sign_in",
        "ranked_requests",
        "registration_form",
        "reply_links",
        "requests",
        "second_factor",
        "sessions",
        "setup",
        "sign_in",
        "summary_unsubscribe",
        "tokens",
        "week",
    }
)
"""Blueprints and endpoints of guests. Of those for others too, guests get their language."""

GUEST_FOLDERS: Final = (
    "api/language",
    "api/pages/agendas",
    "api/pages/availability",
    "api/pages/directory",
    "api/pages/identity",
    "api/pages/participants/colleagues",
    "api/pages/participants/registration",
    "api/pages/privacy",
    "api/pages/reports/outcomes",
    "api/pages/requests",
    "api/templates/agendas",
    "api/templates/availability",
    "api/templates/directory",
    "api/templates/identity",
    "api/templates/participants/colleagues",
    "api/templates/participants/registration",
    "api/templates/privacy",
    "api/templates/reports/outcomes",
    "api/templates/requests",
    "scheduler/domain",
    "scheduler/invites/busy",
    "scheduler/invites/ical",
    "scheduler/invites/transport",
    "scheduler/services/agendas",
    "scheduler/services/availability",
    "scheduler/services/branding",
    "scheduler/services/directory",
    "scheduler/services/emails/email_addresses",
    "scheduler/services/identity",
    "scheduler/services/participants/colleagues",
    "scheduler/services/participants/registration",
    "scheduler/services/privacy",
    "scheduler/services/replies",
    "scheduler/services/reports/outcomes",
    "scheduler/services/requests",
    "scheduler/services/schedule",
    "scheduler/storage",
    "scheduler/untrusted",
)
"""Folders whose messages guests may read, with those below them."""

GUEST_TOPS: Final = frozenset(
    {
        "api",
        "api/pages",
        "api/templates",
        "scheduler/services",
        "scheduler/services/events",
        "scheduler/services/participants",
    }
)
"""Folders whose own messages guests may read, without those below them."""


def is_english_only(endpoint: str) -> bool:
    """True if the page of an endpoint is not translated. Errors at unknown URLs are."""
    return endpoint.partition(".")[0] in ENGLISH_ONLY


def is_for_guests(endpoint: str) -> bool:
    """True if guests read the page of an endpoint."""
    return endpoint in GUEST_PAGES or endpoint.partition(".")[0] in GUEST_PAGES


def has_guest_messages(folder: str) -> bool:
    """True if guests may read the messages of a folder."""
    return folder in GUEST_TOPS or any(
        folder == each or folder.startswith(f"{each}/") for each in GUEST_FOLDERS
    )
