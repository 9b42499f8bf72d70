"""The JSON API, a module a resource: the same services as the pages."""

from api.v1 import (
    agendas,
    calendar_health,
    directory,
    mails,
    requests,
    runs,
    versions,
)
from api.v1.operation import blueprint

__all__ = ["agendas", "blueprint", "calendar_health", "directory", "mails", "requests", "runs", "versions"]
