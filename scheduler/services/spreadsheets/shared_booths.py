"""Shared booths: a guest firm uses the booth and capacity of its host firm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scheduler.i18n import gettext_lazy
from scheduler.services.spreadsheets.booths import Booths
from scheduler.services.spreadsheets.changes import Cells
from scheduler.services.spreadsheets.columns import normalize_text
from scheduler.services.spreadsheets.table import Row
from scheduler.storage.models import Firm


@dataclass(slots=True)
class SharedBooths:
    """Host firms by guest firm, as after the import. Both are keys."""

    hosts: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, known: Mapping[str, Firm]) -> SharedBooths:
        keys = {firm.id: key for key, firm in known.items()}
        return cls({key: keys[firm.host_id] for key, firm in known.items() if firm.host_id in keys})

    def check(
        self, rows: Iterable[tuple[Row, Mapping[str, Any]]], known: Mapping[str, Firm], booths: Booths
    ) -> None:
        """Resolve the hosts of the rows. A host is another firm, with its own booth and without a host."""
        given = [(row, values) for row, values in rows if "key" in row.values]
        named = {
            normalize_text(name): key for key, firm in known.items() for name in (firm.name, firm.latin_name)
        }
        named |= {
            normalize_text(values["name"]): row.values["key"] for row, values in given if values.get("name")
        }
        keys = {*known, *(row.values["key"] for row, _ in given)}
        asked = [(row, values) for row, values in given if "host" in values]
        for row, values in asked:
            typed, key = values["host"], row.values["key"]
            found = typed if typed in keys else named.get(normalize_text(typed), "")
            if typed and not found:
                row.fault(
                    "host",
                    gettext_lazy(
                        "%(typed)s is not an exhibitor of this event or file", typed=repr(typed[:80])
                    ),
                )
            self.hosts.pop(key, None)
            if found:
                self.hosts[key] = found
        stands = {row.values["key"]: values["booth"] for row, values in given if "booth" in values}
        for row, _ in given:
            key = row.values["key"]
            host = self.hosts.get(key)
            owned = booths.owned[known[key].id] if key in known else []
            if host is None:
                continue
            if host == key or host in self.hosts:
                row.fault("host", gettext_lazy("choose another exhibitor that has its own booth"))
            elif stands.get(key, "; ".join(place.key for place in owned)):
                row.fault(
                    "host",
                    gettext_lazy(
                        "an exhibitor with its own booth can't share another; leave its booth empty"
                    ),
                )

    def stand(self, firm: Firm, known: Mapping[str, Firm], cells: Cells) -> None:
        """Set the firm's host. Adds the change, by key, to `cells`."""
        host = known.get(self.hosts.get(firm.key, ""))
        if firm.host_id == (host.id if host else None):
            return
        before = next((key for key, other in known.items() if other.id == firm.host_id), "")
        firm.host_id = host.id if host else None
        cells["host"] = before, host.key if host else ""
