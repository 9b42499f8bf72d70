"""Import options chosen on a file's page. Column and value mappings are remembered for the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets import file_fixes
from scheduler.services.spreadsheets.columns import ImportKind, list_columns, normalize_text
from scheduler.services.spreadsheets.file_fixes import SubmittedFixes
from scheduler.services.spreadsheets.options import ImportOptions
from scheduler.services.text import clean_line
from scheduler.storage.models import Event, ImportFile

WITHDRAWABLE_KINDS: frozenset[ImportKind] = frozenset(
    (
        ImportKind.FIRMS,
        ImportKind.PEOPLE,
        ImportKind.INTERPRETERS,
        ImportKind.CLOSURES,
        ImportKind.ABSENCES,
        ImportKind.STATIONS,
        ImportKind.REQUESTS,
    )
)
"""Kinds whose missing records can be removed from the event."""
MAX_WORDS = 500
"""Maximum number of remembered mappings per kind in an event."""
_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """Options that an organiser chose for a file.

    `columns` and `values` also apply to later files of the event. `columns` maps headers to our columns, by
    kind. An empty column skips the header. `values` maps the text of a cell or list item to its replacement,
    by kind and column. An empty replacement keeps the text.
    """

    keep_empty: bool = False
    withdraw: Sequence[str] = ()
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)


def load_options(session: Session, actor: Actor, file_id: int) -> ImportOptions:
    """Return the import options of a file. Raises NotFound."""
    actor.require(Right.IMPORT)
    file = _file(session, actor, file_id)
    words = session.get_one(Event, actor.event_id).import_words
    changed = file_fixes.parse_fixes(file.fixes)
    columns = {ImportKind(kind): said for kind, said in words.get("columns", {}).items()}
    return ImportOptions(
        keep_empty=bool(file.options.get("keep_empty")),
        notify=bool(file.options.get("notify")),
        withdraw=frozenset(ImportKind(kind) for kind in file.options.get("withdraw", ())),
        columns=columns | {kind: columns.get(kind, {}) | said for kind, said in changed.columns.items()},
        fixes=changed,
        values={ImportKind(kind): said for kind, said in words.get("values", {}).items()},
    )


def save_choices(session: Session, actor: Actor, file_id: int, given: ImportChoices) -> None:
    """Store the options of a pending file. Raises NotFound, InvalidInput."""
    actor.require(Right.IMPORT)
    file = _file(session, actor, file_id)
    kinds = {kind.value: kind for kind in ImportKind}
    wrong = [
        Fault("withdraw", gettext_lazy("%(kind)s can't be removed", kind=repr(kind)))
        for kind in given.withdraw
        if kind not in WITHDRAWABLE_KINDS
    ]
    for kind, said in [*given.columns.items(), *given.values.items()]:
        if kind not in kinds:
            wrong.append(Fault("kind", gettext_lazy("choose a known kind of data")))
        elif any(column and column not in list_columns(kinds[kind]) for column in _columns(said)):
            names = ", ".join(list_columns(kinds[kind]))
            wrong.append(Fault("column", gettext_lazy("enter one of %(value)s, or leave empty", value=names)))
    if wrong:
        raise InvalidInput(wrong)
    file.options = {"keep_empty": given.keep_empty, "withdraw": sorted(given.withdraw)}
    if given.columns or given.values:
        event = session.get_one(Event, actor.event_id)
        event.import_words = _merge_words(event.import_words, given)
    session.flush()


def save_fixes(
    session: Session,
    actor: Actor,
    file_id: int,
    given: SubmittedFixes,
    remembered: ImportChoices | None = None,
) -> None:
    """Store corrections of a pending file, and mappings to remember for the event.

    Raises NotFound, InvalidInput.
    """
    actor.require(Right.IMPORT)
    file = _file(session, actor, file_id)
    file.fixes = file_fixes.serialize_fixes(file_fixes.merge_fixes(file_fixes.parse_fixes(file.fixes), given))
    if remembered is not None and remembered.values:
        event = session.get_one(Event, actor.event_id)
        event.import_words = _merge_words(event.import_words, remembered)
    session.flush()


def save_notify(session: Session, actor: Actor, file_id: int, *, wanted: bool) -> None:
    """Store whether people are notified of what a pending file changes. Raises NotFound."""
    actor.require(Right.IMPORT)
    file = _file(session, actor, file_id)
    file.options = {**file.options, "notify": wanted}
    session.flush()


def _columns(said: Mapping[str, Any]) -> set[str]:
    """Return our columns in the mappings of one kind: keys of values, or values of headers."""
    return {column if isinstance(meant, Mapping) else meant for column, meant in said.items()}


def _merge_words(words: Mapping[str, Any], given: ImportChoices) -> dict[str, Any]:
    """Merge new mappings into the event's. Above the limit, the oldest are dropped."""
    columns = {kind: dict(said) for kind, said in words.get("columns", {}).items()}
    for kind, headers in given.columns.items():
        known = columns.setdefault(kind, {})
        for header, column in headers.items():
            known.pop(normalize_text(header), None)
            known[normalize_text(header)] = column
        columns[kind] = dict(list(known.items())[-MAX_WORDS:])
    values = {
        kind: {name: dict(said) for name, said in of.items()} for kind, of in words.get("values", {}).items()
    }
    for kind, of in given.values.items():
        for column, meant in of.items():
            known = values.setdefault(kind, {}).setdefault(column, {})
            for heard, value in (
                (normalize_text(text), clean_line(value)[:_MAX_LENGTH]) for text, value in meant.items()
            ):
                known.pop(heard, None)
                if heard and value:
                    known[heard] = value
            values[kind][column] = dict(list(known.items())[-MAX_WORDS:])
    return {"columns": columns, "values": values}


def _file(session: Session, actor: Actor, file_id: int) -> ImportFile:
    file = session.scalar(
        select(ImportFile).where(
            ImportFile.id == file_id, ImportFile.event_id == actor.event_id, ImportFile.imported_at.is_(None)
        )
    )
    if file is None:
        raise NotFound("import file", file_id)
    return file
