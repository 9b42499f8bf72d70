"""The JSON API, a room a feature: the same services as the pages."""

from api.v1.audit_log import audit_log
from api.v1.board import drafts
from api.v1.calendar_status import calendar_status
from api.v1.delegations import delegations
from api.v1.delivery import email_queue
from api.v1.directory import directory
from api.v1.events import events
from api.v1.exports import exports
from api.v1.imports import imports
from api.v1.operation import blueprint
from api.v1.outcomes import outcomes
from api.v1.participants import record_tables, records
from api.v1.rehearsal import rehearsal
from api.v1.requests import requests
from api.v1.runs import runs
from api.v1.scenarios import scenarios
from api.v1.schedule import agendas, versions
from api.v1.settings import settings
from api.v1.team import team
from api.v1.venue import venue
from api.v1.webhooks import webhooks

__all__ = [
    "agendas",
    "audit_log",
    "blueprint",
    "calendar_status",
    "delegations",
    "directory",
    "drafts",
    "email_queue",
    "events",
    "exports",
    "imports",
    "outcomes",
    "record_tables",
    "records",
    "rehearsal",
    "requests",
    "runs",
    "scenarios",
    "settings",
    "team",
    "venue",
    "versions",
    "webhooks",
]
