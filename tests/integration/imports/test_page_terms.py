"""A file that names its sheets and columns as the pages do is understood, in each language."""

from __future__ import annotations

import pytest

from api.language import catalogs, rooms
from api.pages.imports.import_labels import KINDS
from api.pages.participants.columns import LABELS
from scheduler.services.spreadsheets.columns import COLUMNS, ImportKind, detect_kind, match_headers

LANGUAGES = sorted(set(catalogs.languages()) - rooms.GUEST_LANGUAGES)
"""Languages of organisers' pages."""
AMBIGUOUS = {
    ("en", ImportKind.PEOPLE, "firm"): "the name of another column",
    ("hu", ImportKind.PEOPLE, "exhibitor"): "a person's name in most files",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_names_of_sheets_are_known(language: str) -> None:
    texts = catalogs.texts(language)
    named = {kind: texts.gettext(label.msgid) for kind, label in KINDS.items()}
    assert {kind: detect_kind(name, [["?"]]) for kind, name in named.items()} == {
        kind: kind for kind in named
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ImportKind)
def test_the_labels_of_columns_are_headers(language: str, kind: ImportKind) -> None:
    texts = catalogs.texts(language)
    for column in COLUMNS[kind]:
        if column in LABELS and (language, kind, column) not in AMBIGUOUS:
            label = texts.gettext(LABELS[column].msgid)
            assert match_headers(kind, [label]).positions == {column: 0}, label
