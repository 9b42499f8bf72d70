"""Registration form and its validation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import Tier
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import VenueLabel, gettext_lazy, venue_label
from scheduler.invites.catalogue import languages
from scheduler.services.emails.email_addresses.address_validation import InvalidAddress, normalize_address
from scheduler.services.spreadsheets import cell_values
from scheduler.services.text import NO_WEBSITE, clean_line, clean_lines, is_web_address, parse_web_address
from scheduler.storage.models import Event, Hall


@dataclass(frozen=True, slots=True)
class RegistrationForm:
    """Form of a registration. `hall` is a hall's key or empty. `languages` are names or codes.

    `mail_language` is the language of emails to the person.
    """

    name: str = ""
    latin_name: str = ""
    country: str = ""
    tier: str = ""
    areas: tuple[str, ...] = ()
    hall: str = ""
    booth: str = ""
    website: str = ""
    person: str = ""
    latin_person: str = ""
    email: str = ""
    title: str = ""
    languages: str = ""
    mail_language: str = ""
    note: str = ""
    consent: bool = False
    purposes: tuple[str, ...] = ()
    """Purposes of the privacy notice with consent."""
    notice: str = ""
    """Version of the notice that was read."""
    language: str = ""
    """Language in which it was read, of the page."""


def list_halls(session: Session, event_id: int) -> dict[str, VenueLabel]:
    """Return names of an event's halls by key, in order."""
    query = select(Hall.key, Hall.name, Hall.names).where(Hall.event_id == event_id)
    rows = session.execute(query.order_by(Hall.position, Hall.id))
    return {key: venue_label(name, names) for key, name, names in rows}


def check_form(
    event: Event, halls: Collection[str], form: RegistrationForm, *, is_test: bool = False
) -> dict[str, Any]:
    """Validate a form.

    Return the registration's column values. Raises InvalidInput with every fault by field.
    """
    faults: list[Fault] = []
    said = _texts(form, faults) | _choices(event, halls, form, faults)
    said["email"] = _address(form.email, faults, is_test=is_test)
    said["languages"] = _languages(form.languages, faults)
    if faults:
        raise InvalidInput(faults)
    return said


def require_consent(form: RegistrationForm) -> list[Fault]:
    """Return a fault if consent is not given."""
    return (
        []
        if form.consent
        else [Fault("consent", gettext_lazy("give your consent, because no details can be kept without it"))]
    )


def _texts(form: RegistrationForm, faults: list[Fault]) -> dict[str, str]:
    name, person = clean_line(form.name), clean_line(form.person)
    said = {
        "name": name,
        "latin_name": clean_line(form.latin_name) or name,
        "person": person,
        "latin_person": clean_line(form.latin_person) or person,
        "title": clean_line(form.title),
        "booth": clean_line(form.booth),
        "website": parse_web_address(form.website),
        "note": clean_lines(form.note),
    }
    kinds: Mapping[str, Any] = {
        "name": fields.FirmName,
        "latin_name": fields.FirmName,
        "person": fields.PersonName,
        "latin_person": fields.PersonName,
        "title": fields.JobTitle,
        "booth": fields.Booth,
        "website": fields.Website,
        "note": fields.Comment,
    }
    for field, text in said.items():
        if not text and field in ("name", "person"):
            faults.append(Fault(field, gettext_lazy("enter a value")))
        elif text:
            faults += fields.check_field(field, text, kinds[field])
    if said["website"] and not is_web_address(said["website"]):
        faults.append(Fault("website", NO_WEBSITE))
    return said


def _choices(
    event: Event, halls: Collection[str], form: RegistrationForm, faults: list[Fault]
) -> dict[str, Any]:
    country = cell_values.parse_country(form.country[:200]) if form.country.strip() else None
    if country is None:
        faults.append(Fault("country", gettext_lazy("choose a country from the list")))
    if form.tier not in list(Tier):
        faults.append(Fault("tier", gettext_lazy("choose your company's position in the chain")))
    areas = [key for key in event.areas if key in form.areas]
    if event.areas and not areas:
        faults.append(Fault("areas", gettext_lazy("select at least one area")))
    if form.hall and form.hall not in halls:
        faults.append(Fault("hall", gettext_lazy("choose a hall from the list")))
    elif form.booth.strip() and not form.hall:
        faults.append(Fault("hall", gettext_lazy("add the hall of the booth")))
    if form.mail_language not in languages():
        faults.append(Fault("mail_language", gettext_lazy("choose an email language from the list")))
    return {
        "country": country or "",
        "tier": Tier(form.tier) if form.tier in list(Tier) else None,
        "areas": areas,
        "hall": form.hall,
        "mail_language": form.mail_language,
    }


def _address(typed: str, faults: list[Fault], *, is_test: bool) -> str:
    try:
        return normalize_address(typed[:1_000], is_test=is_test)
    except InvalidAddress as error:
        faults.append(Fault("email", error.user_message))
        return ""


def _languages(typed: str, faults: list[Fault]) -> list[str]:
    codes: list[str] = []
    for word in cell_values.split_list(typed[:400]):
        code = cell_values.parse_language(word)
        if code is None:
            said = gettext_lazy("enter language names or codes (not recognised: %(word)s)", word=word[:40])
            faults.append(Fault("languages", said))
            return codes
        if code not in codes:
            codes.append(code)
    if not codes:
        faults.append(Fault("languages", gettext_lazy("enter at least one language")))
    return codes
