"""Extension points: what other distributions add by Python entry points, without a change of the project.

A distribution names objects in the groups `chainmeet.subscribers`, `chainmeet.exports`,
`chainmeet.email_providers`, `chainmeet.importers` and `chainmeet.pages`. A plugin is trusted code: it runs in
our processes. What it is given are frozen values; no interface hands it a secret, a session or a row.
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
