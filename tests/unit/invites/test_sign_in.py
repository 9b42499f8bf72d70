"""The email with a one-time link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.domain.errors import InvalidInput
from scheduler.invites.mail.sign_in import SignIn, render_sign_in
from tests.unit.invites.builders import parsed, part

MAIL = SignIn(
    to_name="Nagy Péter",
    to_email="peter.nagy@firm.example",
    sender_name="Chainmeet",
    domain="meet.example",
    message_id="<sign-in-1@meet.example>",
    link="https://meet.example/sign-in?token=abc&next=%2F",
    valid_for=timedelta(minutes=30),
    bounce_token="b0unce",
    reply_token="reply",
)


def test_a_sign_in_mail_has_the_link_how_long_it_works_and_what_to_do_if_it_was_not_you() -> None:
    made = parsed(render_sign_in(MAIL))
    assert part(made, "text/plain").get_content().replace("\r\n", "\n") == (
        "Sign in to Chainmeet\n"
        "\n"
        "You, or someone who entered your email address, asked to sign in. Open this link to "
        "continue:\n"
        "\n"
        "https://meet.example/sign-in?token=abc&next=%2F\n"
        "\n"
        "The link works once and is valid for 30 minutes.\n"
        "\n"
        "If this wasn't you, ignore this email. No one can sign in without the link.\n"
    )
    assert (
        'href="https://meet.example/sign-in?token=abc&amp;next=%2F"' in part(made, "text/html").get_content()
    )


def test_a_sign_in_mail_is_addressed_to_one_person_and_quiet() -> None:
    mail = render_sign_in(MAIL)
    made = parsed(mail)
    assert (mail.from_addr, mail.to_addr) == ("bounces+b0unce@meet.example", "peter.nagy@firm.example")
    assert str(made["From"]) == "Chainmeet <sign-in@meet.example>"
    assert str(made["Reply-To"]) == "Chainmeet <meetings+reply@meet.example>"
    assert (made["Subject"], made["Auto-Submitted"]) == (
        "Your sign-in link for Chainmeet",
        "auto-generated",
    )
    assert made.get_content_type() == "multipart/alternative"


def test_a_sign_in_mail_is_the_same_when_it_is_sent_again() -> None:
    assert render_sign_in(replace(MAIL)) == render_sign_in(MAIL)


@pytest.mark.parametrize(
    ("valid_for", "said"),
    [
        (timedelta(minutes=1), "1 minute."),
        (timedelta(minutes=90), "90 minutes."),
        (timedelta(hours=1), "1 hour."),
        (timedelta(days=1), "24 hours."),
    ],
)
def test_how_long_a_link_works_is_said_in_whole_units(valid_for: timedelta, said: str) -> None:
    made = parsed(render_sign_in(replace(MAIL, valid_for=valid_for)))
    assert f"and is valid for {said}" in part(made, "text/plain").get_content()


def test_a_link_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(InvalidInput):
        render_sign_in(replace(MAIL, link="javascript:alert(1)"))
