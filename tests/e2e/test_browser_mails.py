"""Emails as email clients render them: no axe violations in light and dark mode, and they fit a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from scheduler.invites.ical.itip import Cancellation, ItipMessage, MessageKind
from scheduler.invites.mail import imip, summary_mail
from scheduler.invites.mail.sign_in import SignIn, render_sign_in
from tests.e2e import axe
from tests.unit.invites import builders, test_digest, test_summary
from tests.unit.invites.builders import parsed, part

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

COLOURS = (
    "(each) => { const {color, backgroundColor} = getComputedStyle(each); return [color, backgroundColor]; }"
)
LARGEST = """() => {
    const size = (each) => parseFloat(getComputedStyle(each).fontSize);
    const said = [...document.querySelectorAll("h1, h2, p, td, th, a")];
    const filled = said.filter((each) => each.innerText.trim());
    return filled.sort((one, other) => size(other) - size(one))[0].innerText;
}"""


def _meeting(message: ItipMessage) -> str:
    links = {
        f"{name}_url": f"https://meet.example/answers/abc/{name}" for name in ("accept", "decline", "propose")
    }
    return imip.preview_email(message, builders.envelope(message, contact="+86 10 5550 0132", **links)).html


def _mails() -> Iterator[tuple[str, str]]:
    new, off = (
        builders.new(),
        replace(builders.cancel(), meeting_is_off=True, off=Cancellation(firm="Huaxin", note="Sorry.")),
    )
    uninvited = replace(off, meeting_is_off=False, off=None)
    proposal = replace(new, kind=MessageKind.PROPOSAL)
    for message in (new, builders.update(), builders.details(), off, uninvited, proposal):
        yield message.kind.value, _meeting(message)
    summary = test_summary.each_kind()
    mail = summary_mail.render_summary(
        summary, test_summary.envelope(summary), stop_url="https://meet.example/summaries/abc"
    )
    yield "summary", str(part(parsed(mail), "text/html").get_content())
    yield "digest", test_digest.bodies(test_digest.digest(test_digest.item(is_must=True)))[2]
    letter = SignIn(
        to_name="Péter", to_email="peter@firm.example", sender_name="Chainmeet", domain="meet.example",
        message_id="<1@meet.example>", link="https://meet.example/sign-in/" + "aBcDeF" * 9,
        valid_for=timedelta(minutes=30), bounce_token="b0unce", reply_token="reply",
    )  # fmt: skip
    yield "letter", str(part(parsed(render_sign_in(letter)), "text/html").get_content())


@pytest.fixture
def telephone(chromium: Browser) -> Iterator[Page]:
    axe.require()
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    yield page
    page.close()


def test_no_mail_has_a_fault(telephone: Page) -> None:
    faults = []
    for name, html in _mails():
        telephone.set_content(html)
        faults += [f"{name}: {fault}" for fault in axe.findings(telephone, is_email=True)]
    assert faults == []


def test_every_mail_is_dark_where_its_reader_wants_the_dark(telephone: Page) -> None:
    telephone.emulate_media(color_scheme="dark")
    for name, html in _mails():
        telephone.set_content(html)
        colour, _ = telephone.locator("h1").evaluate(COLOURS)
        _, paper = telephone.locator("td.card").first.evaluate(COLOURS)
        assert (colour, paper) == ("rgb(230, 238, 238)", "rgb(23, 35, 38)"), name


def test_the_time_is_the_largest_of_a_mail_about_a_meeting(telephone: Page) -> None:
    telephone.set_content(_meeting(builders.new()))
    assert telephone.evaluate(LARGEST) == "Wednesday, 12 May 2027, 10:00–10:30"


def test_the_buttons_of_an_invitation_come_before_its_details(telephone: Page) -> None:
    telephone.set_content(_meeting(builders.new()))
    button, topic = telephone.get_by_role("link", name="Accept"), telephone.get_by_text("Power modules")
    assert button.evaluate("(each) => each.getBoundingClientRect().bottom") < 844
    assert button.evaluate("(each) => each.getBoundingClientRect().bottom") < topic.evaluate(
        "(each) => each.getBoundingClientRect().top"
    )
