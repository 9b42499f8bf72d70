"""Extension points: plugins of other distributions, found by Python entry points.

A distribution registers objects in the groups `chainmeet.subscribers`, `chainmeet.exports`,
`chainmeet.email_providers`, `chainmeet.importers` and `chainmeet.pages`. Plugins are trusted code and run in
our processes. They receive frozen values; no interface passes them a secret, a database session or a row.
"""

from scheduler.plugins.email_providers import EMAIL_PROVIDERS, EmailProvider, ReplyRule
from scheduler.plugins.exports import (
    EXPORTS,
    ExportedCompany,
    ExportedEvent,
    ExportedMeeting,
    ExportedPerson,
    ExportedSchedule,
    ExportPlugin,
    ExportRefused,
)
from scheduler.plugins.importers import IMPORTERS, ImporterPlugin, ImportRefused
from scheduler.plugins.pages import PAGES, PagesPlugin
from scheduler.plugins.subscribers import SUBSCRIBERS, AuditChange, AuditEvent, Subscriber

EVERY_GROUP = (SUBSCRIBERS, EXPORTS, EMAIL_PROVIDERS, IMPORTERS, PAGES)

__all__ = [
    "EMAIL_PROVIDERS",
    "EVERY_GROUP",
    "EXPORTS",
    "IMPORTERS",
    "PAGES",
    "SUBSCRIBERS",
    "AuditChange",
    "AuditEvent",
    "EmailProvider",
    "ExportPlugin",
    "ExportRefused",
    "ExportedCompany",
    "ExportedEvent",
    "ExportedMeeting",
    "ExportedPerson",
    "ExportedSchedule",
    "ImportRefused",
    "ImporterPlugin",
    "PagesPlugin",
    "ReplyRule",
    "Subscriber",
]
