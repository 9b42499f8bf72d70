"""Organisers' texts: invalid ones are rejected on saving, and all others render in every email."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain import bidi
from scheduler.domain.entities import Method
from scheduler.invites.catalogue import languages, load_words
from scheduler.invites.ical.itip import ItipMessage, MessageKind
from scheduler.invites.mail import imip, wording
from tests.unit.invites.builders import cancel, content, details, envelope, new, parsed, part, update

EVERY = "".join(f"{{{name}}} " for name in wording.MEETING)


def of_kind(mail_kind: str, language: str = "en") -> ItipMessage:
    made = {
        "new": new(),
        "update": update(),
        "details": details(),
        "again": replace(new(), kind=MessageKind.AGAIN),
        "cancel": replace(cancel(), meeting_is_off=True),
        "uninvited": replace(cancel(), meeting_is_off=False),
        "proposal": replace(new(), method=Method.DECLINECOUNTER, kind=MessageKind.PROPOSAL),
    }[mail_kind]
    return replace(made, content=content(language=language))


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("subject", "", "enter a value"),
        ("headline", "", "enter a value"),
        ("subject", "x" * 151, "use at most 150 characters; it now has 151"),
        ("note", "x" * 1501, "use at most 1,500 characters; it now has 1,501"),
        ("subject", "For {partnr}", "{partnr} can't be used here; choose from {summary}, {partner}"),
        ("subject", "For {}", "{} can't be used here"),
        ("subject", "For {0}", "{0} can't be used here"),
        ("note", "{partner.__class__}", "{partner.__class__} can't be used here"),
        ("note", "{partner[0]}", "{partner[0]} can't be used here"),
        ("note", "{partner!r}", "{partner!r} can't be used here"),
        ("note", "{partner:>99999999}", "{partner:>99999999} can't be used here"),
        ("note", "{partner:{day}}", "{partner:{day}} can't be used here"),
        ("note", "a } b", "close every brace"),
        ("note", "a { b", "close every brace"),
        ("footer", "{partner}", "{partner} can't be used here; choose from {event}, {sender}"),
        ("directions", "{time}", "{time} can't be used here"),
    ],
)
def test_a_text_that_would_not_render_is_refused_with_field_and_placeholder(
    name: str, text: str, fault: str
) -> None:
    (found,) = wording.template_faults(name, text)
    assert found.path == name
    assert found.message.startswith(fault)


@pytest.mark.parametrize("name", ["note", "footer", "directions"])
def test_a_text_that_a_mail_can_do_without_may_be_empty(name: str) -> None:
    assert list(wording.template_faults(name, "")) == []


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("mail_kind", wording.MAIL_KINDS)
def test_the_catalogues_own_texts_keep_to_the_rules(language: str, mail_kind: str) -> None:
    for name in wording.PARTS:
        default = wording.default_text(name, mail_kind, load_words(language))
        assert list(wording.template_faults(name, default)) == []
        assert wording.clean_template(name, default) == default


def test_a_typed_text_becomes_plain_text() -> None:
    assert wording.clean_template("subject", " a\r\nBcc: x@y.example\x00\u202e ") == "a Bcc: x@y.example"
    assert wording.clean_template("note", "one\r\ntwo\n\n\n\nthree\x07") == "one\ntwo\n\nthree"
    far_too_long = "a" + "\u0301\u0316" * 250_000  # sorting its accents would take minutes
    assert wording.clean_template("footer", far_too_long) is far_too_long
    assert [fault.path for fault in wording.template_faults("footer", far_too_long)] == ["footer"]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("mail_kind", wording.MAIL_KINDS)
def test_every_placeholder_is_filled_in_every_mail(language: str, mail_kind: str) -> None:
    message = of_kind(mail_kind, language)
    texts = {"subject": EVERY, "headline": EVERY, "note": EVERY, "footer": "{event} {sender} {{seen}}"}
    shown = imip.preview_email(message, envelope(message, wording=texts))
    assert "{" not in shown.subject
    assert shown.text.count("{") == 1
    assert "Chain Expo Chainmeet {seen}" in bidi.remove_isolates(shown.text)


def test_an_own_text_stands_in_for_the_usual_one_in_text_html_and_subject() -> None:
    message = of_kind("new")
    texts = {"subject": "Come to {hall}", "note": "Dear {name},\n<b>welcome</b>", "footer": ""}
    made = parsed(imip.render_invitation(message, envelope(message, wording=texts)))
    text = part(made, "text/plain").get_content().replace("\r\n", "\n")
    html = part(made, "text/html").get_content()
    assert made["Subject"] == "Come to Hall 3"
    assert "You have a new meeting" in text and "Dear Nagy, Péter,\n<b>welcome</b>" in text
    assert "-- " not in text
    assert "Dear Nagy, Péter,<br>&lt;b&gt;welcome&lt;/b&gt;" in html


def test_only_the_texts_of_a_kind_are_chosen_for_its_mail() -> None:
    texts = {"subject.new": "N", "subject.cancel": "C", "footer": "F"}
    assert wording.chosen_texts(texts, "new") == {"subject": "N", "footer": "F"}
    assert wording.chosen_texts(texts, "update") == {"footer": "F"}


def test_a_mail_that_only_shows_its_texts_has_no_calendar_and_is_named_a_test() -> None:
    message = of_kind("new")
    made = parsed(imip.render_example(message, envelope(message)))
    assert {leaf.get_content_type() for leaf in made.walk() if not leaf.is_multipart()} == {
        "text/plain",
        "text/html",
    }
    assert made["Subject"].startswith("[Test] Invitation: ")
    assert "meetings+" not in str(made["From"]) and made["Reply-To"] is None


@given(text=st.text(alphabet="{}!:.[]ab \n\0", max_size=30), name=st.sampled_from(sorted(wording.PARTS)))
def test_what_is_not_refused_always_renders(text: str, name: str) -> None:
    tidied = wording.clean_template(name, text)
    if not list(wording.template_faults(name, tidied)):
        tidied.format_map(dict.fromkeys(wording.PARTS[name].placeholders, "x"))
