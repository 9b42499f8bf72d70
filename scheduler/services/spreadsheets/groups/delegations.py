"""Import of delegations: leaders, escorts, firms and individual people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.delegation_lookup import MOST_DELEGATIONS
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets import row_keys
from scheduler.services.spreadsheets.changes import Cells, ImportResult, ImportTally, new_values, set_values
from scheduler.services.spreadsheets.columns import ImportKind, normalize_text
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.people import FirmLookup
from scheduler.services.spreadsheets.person_columns import present_values
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Attendee, Delegation, DelegationFirm, DelegationPerson

_TEXTS = ("name", "origin", "escort", "escort_phone")


def import_delegations(
    session: Session, actor: Actor, sheet: WorkbookSheet, options: ImportOptions = DEFAULT_OPTIONS
) -> ImportResult:
    """Import delegations. A known key or name updates that delegation.

    `firms` and `people` replace the members, if the sheet has these columns. The leader must be a member,
    else it is unset. Raises InvalidInput.
    """
    actor.require(Right.IMPORT)
    actor.require(Right.MANAGE_DELEGATIONS)
    table = Table.read(ImportKind.DELEGATIONS, sheet, options)
    of_event = select(Delegation).where(Delegation.event_id == actor.event_id)
    known = {each.key: each for each in session.scalars(of_event)}
    row_keys.fill_keys(table, "name", {normalize_text(each.name): key for key, each in known.items()}, known)
    read = _Members.load(session, actor.event_id)
    values = {row.line: read.values(row, known.get(row.values.get("key", ""))) for row in table.rows}
    room = MOST_DELEGATIONS - len(known)
    for row in [row for row in table.rows if row.values.get("key") not in known][max(room, 0) :]:
        row.fault(
            "name",
            gettext_lazy(
                "an event can have at most %(most_delegations)s delegations",
                most_delegations=MOST_DELEGATIONS,
            ),
        )
    table.done()
    tally = ImportTally(table, frozenset(known))
    new = {
        row.values["key"]: Delegation(event_id=actor.event_id, key=row.values["key"], name=row.values["name"])
        for row in table.rows
        if row.values["key"] not in known
    }
    session.add_all(new.values())
    session.flush()
    for row in table.rows:
        key, given = row.values["key"], values[row.line]
        found = known.get(key) or new[key]
        texts = {name: given[name] for name in _TEXTS if name in given}
        cells = set_values(found, texts)
        if key in new:
            cells = new_values({"key": key, **texts})
        read.join(found, given, cells)
        tally.add(row, cells, is_new=key in new)
    session.flush()
    return tally.done()


@dataclass(slots=True)
class _Members:
    """Firms and people of an event, and their delegations, by id."""

    session: Session
    firms: FirmLookup
    person_keys: dict[int, str] = field(default_factory=dict)
    firm_of: dict[int, int] = field(default_factory=dict)
    named: dict[str, set[int]] = field(default_factory=dict)
    """Ids of people by what a cell may say: key, email address, name."""
    of_firms: dict[int, dict[int, DelegationFirm]] = field(default_factory=dict)
    alone: dict[int, dict[int, DelegationPerson]] = field(default_factory=dict)

    @classmethod
    def load(cls, session: Session, event_id: int) -> _Members:
        made = cls(session, FirmLookup(session, event_id))
        query = select(
            Attendee.id, Attendee.firm_id, Attendee.key, Attendee.email, Attendee.name, Attendee.latin_name
        )
        for person_id, firm_id, key, *names in session.execute(query.where(Attendee.event_id == event_id)):
            made.person_keys[person_id], made.firm_of[person_id] = key, firm_id
            for called in {key, *map(normalize_text, names)}:
                made.named.setdefault(called, set()).add(person_id)
        own = select(Delegation.id).where(Delegation.event_id == event_id)
        for firm in session.scalars(select(DelegationFirm).where(DelegationFirm.delegation_id.in_(own))):
            made.of_firms.setdefault(firm.delegation_id, {})[firm.firm_id] = firm
        for one in session.scalars(select(DelegationPerson).where(DelegationPerson.delegation_id.in_(own))):
            made.alone.setdefault(one.delegation_id, {})[one.attendee_id] = one
        return made

    def values(self, row: Row, known: Delegation | None) -> dict[str, Any]:
        """Return the values of the columns that the sheet has; firms, people and leader by id."""
        read: dict[str, Any] = {
            "key": row.key(),
            "name": row.text("name", fields.DelegationName),
            "origin": row.text("origin", fields.Origin),
            "escort": row.text("escort", fields.Origin),
            "escort_phone": row.phone("escort_phone"),
            "firms": [each for text in row.several("firms") if (each := self._firm(row, text))],
            "people": [each for text in row.several("people") if (each := self._person(row, "people", text))],
        }
        given = present_values(row, read)
        if "leader" in row.values:
            given["leader"] = self._leader(row, given, known)
        return given

    def _firm(self, row: Row, text: str) -> int:
        text = row.meant("firms", text, self.firms.has)
        found = (
            {self.firms.by_key[text]}
            if text in self.firms.by_key
            else self.firms.by_name.get(normalize_text(text))
        )
        if not found or len(found) > 1:
            name = repr(text[:80])
            wrong = (
                gettext_lazy("%(name)s is the name of several exhibitors; enter an ID", name=name)
                if found
                else gettext_lazy("%(name)s is not an exhibitor of this event", name=name)
            )
            of = () if found else (ImportKind.FIRMS,)
            row.fault("firms", wrong, item=text, allowed=self.firms.allowed, of=of)
            return 0
        return next(iter(found))

    def _person(self, row: Row, column: str, text: str) -> int:
        found = self.named.get(text) or self.named.get(normalize_text(text), set())
        if len(found) != 1:
            name = repr(text[:80])
            wrong = (
                gettext_lazy("%(name)s is the name of several people; enter an ID", name=name)
                if found
                else gettext_lazy("%(name)s is not a person of this event", name=name)
            )
            row.fault(column, wrong, item=text)
            return 0
        return next(iter(found))

    def _leader(self, row: Row, given: Mapping[str, Any], known: Delegation | None) -> int | None:
        text = row.values["leader"]
        leader = self._person(row, "leader", text) if text else 0
        firms, people = self._now(known)
        firms, people = set(given.get("firms", firms)), set(given.get("people", people))
        if leader and leader not in people and self.firm_of[leader] not in firms:
            row.fault("leader", gettext_lazy("choose a member of the delegation"))
        return leader or None

    def _now(self, known: Delegation | None) -> tuple[set[int], set[int]]:
        """Return the current firms and individual people of the delegation."""
        if known is None:
            return set(), set()
        return set(self.of_firms.get(known.id, ())), set(self.alone.get(known.id, ()))

    def join(self, found: Delegation, given: Mapping[str, Any], cells: Cells) -> None:
        """Set the delegation's members and leader. Adds the changes, by key, to `cells`."""
        firms, people = self._now(found)
        wanted = set(given.get("firms", firms))
        # people of its firms are not single people
        alone = {each for each in given.get("people", people) if self.firm_of[each] not in wanted}
        self._set(DelegationFirm, found, self.of_firms.get(found.id, {}), wanted)
        self._set(DelegationPerson, found, self.alone.get(found.id, {}), alone)
        for column, before, after, names in (
            ("firms", firms, wanted, self.firms.keys),
            ("people", people, alone, self.person_keys),
        ):
            if before != after:
                cells[column] = _told(before, names), _told(after, names)
        leader = given.get("leader", found.leader_id)
        if leader is not None and leader not in alone and self.firm_of[leader] not in wanted:
            leader = None
        if leader != found.leader_id:
            keys = self.person_keys
            cells["leader"] = keys.get(found.leader_id or 0, ""), keys.get(leader or 0, "")
            found.leader_id = leader

    def _set(self, table: Any, found: Delegation, held: Mapping[int, Any], wanted: set[int]) -> None:
        for member, row in held.items():
            if member not in wanted:
                self.session.delete(row)
        column = "firm_id" if table is DelegationFirm else "attendee_id"
        for member in sorted(wanted - held.keys()):
            self.session.add(table(delegation_id=found.id, **{column: member}))


def _told(ids: set[int], names: Mapping[int, str]) -> str:
    return "; ".join(sorted(names[each] for each in ids))
