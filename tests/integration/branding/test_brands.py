"""Brand of an event: what is stored, what is refused, and who may change it."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import replace

import pymupdf
import pytest
from sqlalchemy import func, select

from scheduler.domain.brand import BrandPicture, read_brand
from scheduler.domain.errors import InvalidInput, NotAllowed, NotFound
from scheduler.services.branding import brands, files
from scheduler.services.branding.brands import BrandForm
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry, EventPicture, OutboxEmail
from scheduler.untrusted import pictures
from tests.support.factories import NOW, Expo, make_event
from tests.support.raster_images import picture

FORM = BrandForm(
    accent="#C8102E",
    banner="ffd200",
    sender="  Chain\nExpo team ",
    headline="Meet your next supplier",
    tagline="22 to 24 June, Beijing",
)


def with_pictures(form: BrandForm = FORM) -> BrandForm:
    return replace(
        form,
        files={
            BrandPicture.LOGO: picture(800, 200),
            BrandPicture.BANNER_PICTURE: picture(2_000, 500, "jpeg"),
        },
    )


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session, people=2)


def faults_of(database: Database, expo: Expo, form: BrandForm) -> dict[str, str]:
    with pytest.raises(InvalidInput) as found:
        brands.save_brand(database, expo.organiser_actor(), form, now=NOW)
    return {fault.path: str(fault.message) for fault in found.value.faults}


def test_a_brand_is_stored_clean_and_with_pictures_that_we_encoded(database: Database, expo: Expo) -> None:
    organiser = expo.organiser_actor()
    saved = brands.save_brand(database, organiser, with_pictures(), now=NOW)
    assert (saved.accent, saved.banner, saved.sender) == ("#c8102e", "#ffd200", "Chain Expo team")
    assert saved.logo is not None and (saved.logo.width, saved.logo.height) == (640, 160)
    assert saved.banner_picture is not None and (saved.banner_picture.width, saved.banner_picture.height) == (
        1_600,
        400,
    )
    with database.read() as session:
        assert brands.get_brand(session, organiser) == saved
        logo = files.read_file(session, expo.event.key, saved.token, "logo.png")
        banner = files.read_file(session, expo.event.key, saved.token, "banner.jpg")
    assert (logo.media_type, logo.version) == ("image/png", saved.logo.digest)
    assert logo.octets.startswith(b"\x89PNG") and pymupdf.Pixmap(logo.octets).alpha
    assert (banner.media_type, banner.version) == ("image/jpeg", saved.banner_picture.digest)
    assert banner.octets.startswith(b"\xff\xd8\xff")


def test_what_is_not_sent_again_stays_and_what_is_removed_goes(database: Database, expo: Expo) -> None:
    organiser = expo.organiser_actor()
    first = brands.save_brand(database, organiser, with_pictures(), now=NOW)
    gone = replace(FORM, sender="", removed=frozenset({BrandPicture.BANNER_PICTURE}))
    second = brands.save_brand(database, organiser, gone, now=NOW)
    assert (second.logo, second.banner_picture, second.sender) == (first.logo, None, "")
    assert second.token == first.token, "emails that were sent lead to the logo"
    with database.read() as session:
        assert session.scalars(select(EventPicture.kind)).all() == [BrandPicture.LOGO]
        with pytest.raises(NotFound):
            files.read_file(session, expo.event.key, second.token, "banner.jpg")


def test_without_its_token_a_file_is_not_found(database: Database, expo: Expo) -> None:
    def is_refused(key: str, *tokens: str) -> None:
        with database.read() as session:
            for name in ("style.css", "logo.png", "banner.jpg", "", "x", "\x00"):
                for token in (*tokens, "", "é"):
                    with pytest.raises(NotFound):
                        files.read_file(session, key, token, name)

    is_refused(expo.event.key, "0" * 32)  # the event has no brand
    saved = brands.save_brand(database, expo.organiser_actor(), with_pictures(), now=NOW)
    is_refused(expo.event.key, "0" * 32)
    is_refused("none\x00", saved.token)
    with database.read() as session:
        assert files.read_file(session, expo.event.key, saved.token, "logo.png").octets


def test_faults_are_said_at_their_fields_all_at_once_and_nothing_is_stored(
    database: Database, expo: Expo
) -> None:
    wrong = BrandForm(
        accent="#8fd14f",
        banner="red",
        sender="ceo@bank.example",
        headline="x" * 121,
        files={BrandPicture.LOGO: b"<svg/>", BrandPicture.BANNER_PICTURE: b"RIFF....WEBP"},
    )
    assert faults_of(database, expo, wrong) == {
        "accent": "choose a darker colour, like #598231; contrast with white text: 1.84:1, minimum 4.5:1",
        "banner": "enter a hex code, like #0b5d63",
        "sender": "leave out @, < and >; emails show the address by itself",
        "headline": "enter at most 120 characters",
        "logo": "save it as PNG; an SVG file can contain programs",
        "banner_picture": "choose a PNG or JPEG file",
    }
    with database.read() as session:
        assert not brands.get_brand(session, expo.organiser_actor())
        assert session.scalar(select(func.count()).select_from(EventPicture)) == 0


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"x" * ((512 << 10) + 1), "large"),
        (b"GIF89a" + picture(40, 40)[6:], "kind"),
        (b"%PDF-1.7", "kind"),
        (b"\x89PNG\r\n\x1a\n", "broken"),
        (picture(400, 100)[:200], "broken"),
        (
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)),
            "sides",
        ),
        (picture(20, 400), "sides"),
    ],
)
def test_hostile_pictures_are_refused(octets: bytes, why: str) -> None:
    with pytest.raises(pictures.UnusablePicture, match=f"^{why}$"):
        pictures.read_brand_picture(octets, "logo")


def test_a_picture_loses_what_it_hides_and_a_banner_its_transparency() -> None:
    plain = picture(300, 100)
    hidden = plain[:33] + chunk(b"tEXt", b"Author\0Somebody at home") + plain[33:]
    assert b"Somebody" not in pictures.read_brand_picture(hidden, "logo").octets
    banner = pymupdf.Pixmap(pictures.read_brand_picture(hidden, "banner_picture").octets)
    assert (
        not banner.alpha
        and min(banner.pixel(250, 50)) > 250
        and banner.pixel(50, 50)[0] > banner.pixel(50, 50)[1]
    )


@pytest.mark.parametrize("kind", ["logo", "banner_picture"])
def test_what_needs_much_room_gets_smaller(kind: str) -> None:
    noise = b"".join(zlib.crc32(b"%d" % n).to_bytes(4) for n in range(150 * 150 * 3 // 4 + 1))[
        : 150 * 150 * 3
    ]
    tile = pymupdf.Pixmap(pymupdf.csRGB, 150, 150, noise, 0)
    large = pymupdf.Pixmap(pymupdf.csRGB, (0, 0, 450, 300), 0)
    for left in range(0, 450, 150):
        for top in range(0, 300, 150):
            tile.set_origin(left, top)
            large.copy(tile, tile.irect)
    found = pictures.read_brand_picture(large.tobytes("png")[: 2 << 20], kind)
    assert len(found.octets) <= {"logo": 160 << 10, "banner_picture": 400 << 10}[kind] and found.width <= 450


def test_only_organisers_change_a_brand(database: Database, expo: Expo) -> None:
    for actor in (expo.actor(0), expo.actor(0, 1)):
        with pytest.raises(NotAllowed):
            brands.save_brand(database, actor, FORM, now=NOW)


def test_the_audit_log_has_the_change_without_octets(database: Database, expo: Expo) -> None:
    organiser = expo.organiser_actor()
    saved = brands.save_brand(database, organiser, with_pictures(), now=NOW)
    brands.save_brand(database, organiser, FORM, now=NOW)
    with database.read() as session:
        (entry,) = session.scalars(select(AuditLogEntry)).all()
    assert entry.about == "brand" and saved.logo is not None
    after = json.loads(entry.after or "")
    assert after["accent"] == "#c8102e" and after["logo"] == saved.logo.digest
    assert saved.token not in str(entry.after), "the address of the files is not for the audit log"


def test_saving_a_brand_sends_no_email(database: Database, expo: Expo) -> None:
    brands.save_brand(database, expo.organiser_actor(), with_pictures(), now=NOW)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxEmail)) == 0


def test_stored_values_that_no_form_stores_are_left_out() -> None:
    stored = {
        "token": "../x",
        "accent": "#fff;} body { display: none",
        "banner": 7,
        "sender": ["x"],
        "headline": "Kept",
        "logo": {"digest": "../../x", "width": 1, "height": 1},
        "banner_picture": {"digest": "0" * 16, "width": 0, "height": "9"},
    }
    assert read_brand(stored, "e", "E").as_json() == {"headline": "Kept"}


def test_the_style_sheet_has_the_colours_of_both_schemes(database: Database, expo: Expo) -> None:
    saved = brands.save_brand(database, expo.organiser_actor(), FORM, now=NOW)
    sheet = files.style_sheet(saved)
    assert "--brand: #c8102e; --brand-ink: #ffffff;" in sheet and "prefers-color-scheme: dark" in sheet
    assert "--banner: #ffd200; --banner-ink: #000000;" in sheet
    assert files.style_sheet(replace(saved, accent="", banner="")).strip() == ""
