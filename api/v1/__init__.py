"""The JSON API, a room a feature: the same services as the pages."""

from api.v1.calendar_health import calendar_health
from api.v1.delivery import mails
from api.v1.directory import directory
from api.v1.imports import imports
from api.v1.operation import blueprint
from api.v1.requests import requests
from api.v1.runs import runs
from api.v1.schedule import agendas, versions
from api.v1.venue import venue
from api.v1.what_if import what_ifs

__all__ = [
    "agendas",
    "blueprint",
    "calendar_health",
    "directory",
    "imports",
    "mails",
    "requests",
    "runs",
    "venue",
    "versions",
    "what_ifs",
]
