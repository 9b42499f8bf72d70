"""The registration form, as registrants fill it in and organisers correct it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from werkzeug.datastructures import MultiDict

from api.language import speaking
from scheduler.domain.errors import InvalidInput
from scheduler.services.participants.registration.form import RegistrationForm

_TEXTS: Final = (
    "name", "latin_name", "country", "tier", "hall", "booth", "website", "person", "latin_person", "email",
    "title", "languages", "mail_language", "note",
)  # fmt: skip
_NO_COUNTRIES: Final = frozenset(("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"))
_MOST = 50


def read(typed: MultiDict[str, str]) -> RegistrationForm:
    """Parse the form."""
    return RegistrationForm(
        **{name: typed.get(name, "") for name in _TEXTS},
        areas=tuple(typed.getlist("areas")[:_MOST]),
        consent=typed.get("consent") == "yes",
        purposes=tuple(typed.getlist("purposes")[:_MOST]),
        notice=typed.get("notice", ""),
        language=speaking.language(),
    )


def faults(error: InvalidInput) -> dict[str, str]:
    """Return the first error of each field."""
    found: dict[str, str] = {}
    for fault in error.faults:
        found.setdefault(fault.path, speaking.translate_stored(fault.message))
    return found


def countries() -> tuple[tuple[str, str], ...]:
    """Return codes and names of countries in the page's language, sorted by name."""
    return _countries(speaking.language())


@lru_cache
def _countries(_language: str) -> tuple[tuple[str, str], ...]:
    names = speaking.locale().territories.items()
    real = [(code, name) for code, name in names if len(code) == 2 and code not in _NO_COUNTRIES]
    return tuple(sorted(real, key=lambda each: each[1]))
