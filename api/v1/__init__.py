"""The JSON API, a room a feature: the same services as the pages."""

from api.v1.audit_log import trail
from api.v1.board import drafts
from api.v1.calendar_status import calendar_health
from api.v1.delivery import mails
from api.v1.directory import directory
from api.v1.exports import exports
from api.v1.imports import imports
from api.v1.operation import blueprint
from api.v1.outcomes import outcomes
from api.v1.participants import desk, desk_tables
from api.v1.rehearsal import rehearsal
from api.v1.requests import requests
from api.v1.runs import runs
from api.v1.scenarios import what_ifs
from api.v1.schedule import agendas, versions
from api.v1.team import team
from api.v1.venue import venue

__all__ = [
    "agendas",
    "blueprint",
    "calendar_health",
    "desk",
    "desk_tables",
    "directory",
    "drafts",
    "exports",
    "imports",
    "mails",
    "outcomes",
    "rehearsal",
    "requests",
    "runs",
    "team",
    "trail",
    "venue",
    "versions",
    "what_ifs",
]
