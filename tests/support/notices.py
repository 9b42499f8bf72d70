"""Privacy notices of events, and decisions about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.domain.consents import ConsentChannel, ConsentPurpose
from scheduler.services.identity import consents, privacy_notices
from scheduler.services.identity.privacy_notices import TEXT, TRANSFER_PARTS, NoticeForm
from scheduler.storage.models import Event
from tests.support.factories import NOW, Expo

TRANSFER = {name: f"{name} of the transfer" for name in TRANSFER_PARTS}


def notice_form(purposes: Collection[ConsentPurpose] = (), *, asks_again: bool = False) -> NoticeForm:
    """Return a complete notice in English and Chinese."""
    texts = {
        "en": {TEXT: "We use your data.\nWrite to us.", **TRANSFER},
        "zh": {TEXT: "我们使用您的数据。", **TRANSFER},
    }
    return NoticeForm("Expo Ltd", "privacy@expo.example", frozenset(purposes), texts, asks_again)


def ask_consent(session: Session, expo: Expo, *purposes: ConsentPurpose, asks_again: bool = False) -> int:
    """Publish a notice that asks for consent to these purposes. Return its version."""
    form = notice_form(purposes, asks_again=asks_again)
    language = session.get_one(Event, expo.actor(0).event_id).language
    form = replace(form, texts={language: form.texts["en"], **form.texts})
    return privacy_notices.publish_notice(session, expo.organiser_actor(), form, now=NOW)


def consent(
    session: Session,
    expo: Expo,
    firm: int,
    *given: ConsentPurpose,
    person: int = 0,
    version: int = 1,
    now: datetime = NOW,
) -> None:
    """Store the decision of a person of the firm, by default of its exhibitor."""
    channel = ConsentChannel.PRIVACY_PAGE
    consents.save_own_consents(
        session,
        expo.actor(firm, person),
        given,
        version=str(version),
        language="en",
        channel=channel,
        now=now,
    )
