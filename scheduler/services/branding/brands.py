"""Brand settings of an event: read, checked and stored, with pictures that are decoded in a child process."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from scheduler.domain import colours, fields
from scheduler.domain.brand import TEXTS, Brand, BrandPicture, PictureSize, read_brand
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import BrandHeadline, BrandTagline, Colour, SenderName
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import clean_line
from scheduler.storage.database import Database
from scheduler.storage.models import Event, EventPicture
from scheduler.untrusted import parsers
from scheduler.untrusted.pictures import BRAND_MAX_OCTETS, MAX_SIDE, MIN_SIDE, Picture, UnusablePicture

_NO_COLOUR: Final = gettext_lazy("enter a hex code, like #0b5d63")
_ADDRESS_LIKE: Final = frozenset("@<>")


@dataclass(frozen=True, slots=True)
class BrandForm:
    """Typed brand settings. `files` are new pictures, `removed` those to remove. The others stay."""

    accent: Colour = ""
    banner: Colour = ""
    sender: SenderName = ""
    headline: BrandHeadline = ""
    tagline: BrandTagline = ""
    files: Mapping[BrandPicture, bytes] = field(default_factory=dict)
    removed: frozenset[BrandPicture] = frozenset()


def get_brand(session: Session, actor: Actor) -> Brand:
    """Return the brand of the actor's event, for the people who set it. Raises NotAllowed."""
    actor.require(Right.CHANGE_SETTINGS)
    return brand_of(session.get_one(Event, actor.event_id))


def brand_of(event: Event) -> Brand:
    """Return the brand of an event."""
    return read_brand(event.brand, event.key, event.name)


def save_brand(database: Database, actor: Actor, form: BrandForm, *, now: datetime) -> Brand:
    """Store the brand, effective at once. No email is sent. No transaction is open while files are decoded.

    Raises NotAllowed, InvalidInput with every fault by field, and what `untrusted.parsers.run_job` raises.
    """
    actor.require(Right.CHANGE_SETTINGS)
    checked, faults = check_form(form)
    pictures: dict[BrandPicture, Picture] = {}
    for kind, octets in form.files.items():
        try:
            pictures[kind] = parsers.read_brand_picture(octets, kind.value)
        except UnusablePicture as error:
            faults.append(Fault(kind.value, _why_unusable(str(error), kind)))
    if faults:
        raise InvalidInput(faults)
    with database.write() as session:
        return _store(session, actor, checked, pictures, now)


def check_form(form: BrandForm) -> tuple[BrandForm, list[Fault]]:
    """Return the form with clean texts and colours, and its faults except those of files."""
    texts: dict[str, Any] = {name: clean_line(getattr(form, name)) for name in TEXTS}
    clean = replace(form, **texts)
    faults = list(fields.check_form(clean))
    read = {name: colours.read_colour(texts[name]) for name in ("accent", "banner") if texts[name]}
    wrong = {fault.path for fault in faults}
    faults += [Fault(name, _NO_COLOUR) for name, value in read.items() if value is None and name not in wrong]
    known: dict[str, Any] = {name: value for name, value in read.items() if value is not None}
    clean = replace(clean, **known)
    if read.get("accent") is not None:
        faults += _contrast_faults(clean.accent)
    if _ADDRESS_LIKE & set(clean.sender):
        faults.append(
            Fault("sender", gettext_lazy("leave out @, < and >; emails show the address by itself"))
        )
    return clean, faults


def too_large(kind: BrandPicture) -> str:
    """Return the error for a file that is too large."""
    return gettext_lazy("choose a file of at most %(most)s KB", most=BRAND_MAX_OCTETS[kind.value] >> 10)


def _contrast_faults(accent: str) -> Iterator[Fault]:
    ratio = colours.contrast(accent, colours.WHITE)
    if ratio < colours.TEXT_CONTRAST:
        yield Fault(
            "accent",
            gettext_lazy(
                "choose a darker colour, like %(colour)s; "
                "contrast with white text: %(ratio)s:1, minimum 4.5:1",
                colour=colours.darkened(accent),
                ratio=f"{int(ratio * 100) / 100:.2f}",
            ),
        )


def _why_unusable(reason: str, kind: BrandPicture) -> str:
    return {
        "svg": gettext_lazy("save it as PNG; an SVG file can contain programs"),
        "kind": gettext_lazy("choose a PNG or JPEG file"),
        "large": too_large(kind),
        "sides": gettext_lazy(
            "resize it so that each side has %(least)s to %(most)s pixels", least=MIN_SIDE, most=MAX_SIDE
        ),
        "broken": gettext_lazy("save it again as PNG; this file can't be read"),
    }[reason]


def _store(
    session: Session,
    actor: Actor,
    form: BrandForm,
    pictures: Mapping[BrandPicture, Picture],
    now: datetime,
) -> Brand:
    event = session.get_one(Event, actor.event_id, with_for_update={"key_share": True})
    before = brand_of(event)
    sizes: dict[str, Any] = {kind.value: getattr(before, kind) for kind in BrandPicture}
    for kind in form.removed - pictures.keys():
        sizes[kind.value] = None
        session.execute(
            delete(EventPicture).where(EventPicture.event_id == event.id, EventPicture.kind == kind)
        )
    for kind, picture in pictures.items():
        octets = picture.octets
        digest = hashlib.sha256(octets).hexdigest()[:16]
        sizes[kind.value] = PictureSize(digest, picture.width, picture.height)
        session.merge(EventPicture(event_id=event.id, kind=kind, octets=octets))
    after = replace(before, **{name: getattr(form, name) for name in TEXTS}, **sizes)
    if after == before:
        return before
    after = replace(after, token=before.token or secrets.token_hex(16))
    event.brand = after.as_json()
    session.flush()
    recording.record_act(
        session,
        actor,
        Act.SETTINGS,
        pgettext_lazy("audit log", "brand"),
        before=_for_the_log(before),
        after=_for_the_log(after),
        now=now,
    )
    return after


def _for_the_log(brand: Brand) -> dict[str, Any]:
    """Return the values that the audit log records: pictures by their digests."""
    sizes = {kind.value: getattr(brand, kind) for kind in BrandPicture}
    texts = {name: getattr(brand, name) for name in TEXTS}
    return texts | {name: size.digest if size else "" for name, size in sizes.items()}
