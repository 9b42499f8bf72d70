"""Look of an event's emails: colours, logo and sender, with nothing injected and calendars unchanged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain import colours
from scheduler.invites.catalogue import load_words
from scheduler.invites.mail import bodies
from scheduler.invites.mail.imip import render_invitation
from scheduler.invites.mail.letter import Letter, render_letter
from scheduler.invites.mail.look import SITE_LOOK, EmailLook, is_logo
from scheduler.invites.mail.sample import make_sample
from tests.unit.invites.builders import envelope, new, parsed, part

LOGO = f"/brand/expo/{'0f' * 16}/logo.png"
LOOK = EmailLook(
    event='Chain "Expo" & more',
    sender="Chain Expo, 链博会",
    accent="#c8102e",
    banner="#ffd200",
    logo=LOGO,
    width=96,
    height=48,
    site="https://meet.example",
)


def html_of(look: EmailLook) -> str:
    mail = render_invitation(new(), envelope(new(), look=look, accept_url="https://meet.example/a"))
    return str(part(parsed(mail), "text/html").get_content())


def test_buttons_and_links_have_the_accent_in_both_schemes_with_readable_text() -> None:
    page = html_of(LOOK)
    light, dark = colours.light_palette("#c8102e"), colours.dark_palette("#c8102e")
    assert f"background:{light.accent};border-color:{light.accent};color:#ffffff;" in page
    assert f".btn {{ background: {dark.accent} !important; color: {dark.ink} !important; }}" in page
    assert "#0b5d63" not in page and "#5cc0b7" not in page
    assert colours.contrast(light.accent, "#ffffff") >= 4.5 <= colours.contrast(dark.accent, dark.ink)


def test_the_logo_has_a_text_where_images_are_blocked_and_a_size() -> None:
    page = html_of(LOOK)
    assert f'<img src="https://meet.example{LOGO}" alt="Chain &quot;Expo&quot; &amp; more" width="96"' in page
    assert "border-top:5px solid #ffd200;" in page
    assert "<img" not in html_of(EmailLook(event="Expo", banner="#ffd200", site="https://meet.example"))


def test_an_email_without_a_look_is_the_same_to_the_octet() -> None:
    plain = render_invitation(new(), envelope(new())).data
    assert render_invitation(new(), envelope(new(), look=SITE_LOOK)).data == plain
    assert (
        render_invitation(new(), envelope(new(), look=EmailLook.from_json(None, "https://x"))).data == plain
    )
    assert render_invitation(new(), envelope(new(), look=EmailLook.from_json({}, "https://x"))).data == plain


def test_texts_that_look_like_colours_stay_as_they_are() -> None:
    page = bodies.html_frame(
        bodies.paragraph('style="color:#0b5d63;" #0b5d63;'),
        load_words("en"),
        headline="#0b5d63",
        preview='bgcolor="#0b5d63"',
        foot="",
        look=EmailLook(accent="#c8102e"),
    )
    assert page.count("#0b5d63") == 4


def test_the_sender_is_that_of_the_brand_and_the_organizer_in_calendars_is_not() -> None:
    mail = parsed(render_invitation(new(), envelope(new(), look=LOOK)))
    assert mail["From"].addresses[0].display_name == "Chain Expo, 链博会"

    def calendar(look: EmailLook) -> object:
        return part(
            parsed(render_invitation(new(), envelope(new(), look=look))), "text/calendar"
        ).get_content()

    assert calendar(LOOK) == calendar(SITE_LOOK)


@given(st.text(st.one_of(st.sampled_from('\r\n\t\x00"\\<>@,;:=?'), st.characters()), max_size=80))
def test_a_sender_injects_no_header(sender: str) -> None:
    plain = render_invitation(new(), envelope(new())).data.partition(b"\r\n\r\n")[0]
    head = render_invitation(new(), envelope(new(), look=EmailLook(sender=sender))).data.partition(
        b"\r\n\r\n"
    )[0]

    def names(octets: bytes) -> list[bytes]:
        return re.findall(rb"^([!-9;-~]+):", octets, re.MULTILINE)

    assert names(head) == names(plain) and head.isascii()
    found = parsed(render_invitation(new(), envelope(new(), look=EmailLook(sender=sender))))["From"]
    assert len(found.addresses) == 1
    assert (
        found.addresses[0].addr_spec
        == parsed(render_invitation(new(), envelope(new())))["From"].addresses[0].addr_spec
    )


def test_letters_have_the_look_too() -> None:
    letter = Letter(
        sender=("Expo", "desk@expo.example"),
        recipient=("Ada", "ada@firm.example"),
        subject="Subject",
        message_id="<1@expo.example>",
        headline="Headline",
        intro="Intro",
        button="Open",
        link="https://meet.example/x",
        after="After",
        footer="Footer",
        bounce_token="b" * 32,
        reply_token="r" * 32,
        look=LOOK,
    )
    page = str(
        part(
            parsed(render_letter(letter, load_words("en"), domain="expo.example")), "text/html"
        ).get_content()
    )
    assert "#c8102e" in page and LOGO in page


def test_a_sample_keeps_the_logo_and_leads_nowhere_else() -> None:
    mail = render_invitation(
        new(), envelope(new(), look=LOOK, accept_url="https://meet.example/answers/t/accept")
    )
    shown = make_sample(mail, site="https://meet.example", link="https://meet.example/back", language="en")
    assert f'src="https://meet.example{LOGO}"' in shown.html and "/answers/t/" not in shown.html


@pytest.mark.parametrize(
    "address", ["", LOGO + "x", LOGO + "?a=1", LOGO.replace("0f", "g0"), "/answers/t/logo.png"]
)
def test_only_the_address_of_a_logo_is_one(address: str) -> None:
    assert is_logo("https://meet.example" + LOGO) and not is_logo(address)


def test_the_style_sheet_of_an_email_is_found_in_it() -> None:
    assert "@media (prefers-color-scheme: dark)" in bodies.style_sheet(html_of(LOOK))
