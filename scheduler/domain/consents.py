"""Consent: purposes that a privacy notice can ask for, and where a person decided."""

from __future__ import annotations

from enum import StrEnum


class ConsentPurpose(StrEnum):
    """A purpose of processing that depends on consent if the event's notice asks for it."""

    PARTNER_CONTACTS = "partner_contacts"
    """The partners of an accepted meeting see the person's email address and phone number."""
    DIRECTORY = "directory"
    """Other companies see and find the person in the directory."""
    NOTIFICATIONS = "notifications"
    """Emails about requests, and schedule summaries."""
    ABROAD = "abroad"
    """Companies of other countries see the contact details. Consent to it is separate (PIPL, article 39)."""


class ConsentChannel(StrEnum):
    """Where a person decided."""

    REGISTRATION = "registration"
    SIGN_IN = "sign_in"
    PRIVACY_PAGE = "privacy_page"
