"""Organisers store answers to a PIPL audit by topic and event, beside what the site knows."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pymupdf
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from scheduler.domain.compliance import AnswerState, ComplianceTopic
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.domain.fields import ComplianceAnswerText, limits
from scheduler.services.privacy import compliance_answers
from scheduler.services.privacy.audit_answers import TITLES
from scheduler.services.privacy.compliance_answers import Answer, AnsweredTopic, TypedAnswer
from scheduler.storage.database import Database
from scheduler.storage.models import AuditLogEntry, ComplianceAnswer
from tests.support.factories import NOW, Expo, make_event
from tests.support.notices import ask_consent, consent
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"
TRAINING, CAMERAS, JOINT = ComplianceTopic.TRAINING, ComplianceTopic.CAMERAS, ComplianceTopic.JOINT
EMPTY = Answer().version


@pytest.fixture
def expo(database: Database) -> Expo:
    with database.write() as session:
        return make_event(session)


def save(
    database: Database,
    expo: Expo,
    topic: ComplianceTopic,
    text: str,
    *,
    seen: str = EMPTY,
    is_applicable: bool = True,
    days: int = 0,
) -> int:
    with database.write() as session:
        typed = {topic: TypedAnswer(Answer(text, is_applicable), seen)}
        now = NOW + timedelta(days=days)
        return compliance_answers.save_answers(session, expo.organiser_actor(), typed, now=now)


def listed(database: Database, expo: Expo) -> dict[ComplianceTopic, AnsweredTopic]:
    with database.read() as session:
        found = compliance_answers.list_answers(session, expo.organiser_actor(), SETTINGS, now=NOW)
    return {each.topic.key: each for each in found}


def test_every_topic_has_a_title_and_its_answer_with_who_and_when(database: Database, expo: Expo) -> None:
    assert save(database, expo, TRAINING, " Yearly,\r\nby the DPO. ", days=1) == 1
    assert save(database, expo, CAMERAS, "", is_applicable=False) == 1
    found = listed(database, expo)
    assert list(found) == list(ComplianceTopic) == list(TITLES)
    stored = found[TRAINING]
    assert (stored.answer.text, stored.answer.state) == ("Yearly,\nby the DPO.", AnswerState.ANSWERED)
    assert (stored.changed_by, stored.changed_at) == (expo.organiser.email, NOW + timedelta(days=1))
    assert found[CAMERAS].answer.state is AnswerState.NOT_APPLICABLE
    assert (found[JOINT].answer.state, found[JOINT].changed_at) == (AnswerState.MISSING, None)


def test_an_answer_that_is_emptied_is_deleted(database: Database, expo: Expo) -> None:
    save(database, expo, TRAINING, "Yearly.")
    assert save(database, expo, TRAINING, "Yearly.", seen=EMPTY) == 0  # as it is stored already
    assert save(database, expo, TRAINING, "  ", seen=Answer("Yearly.").version) == 1
    with database.read() as session:
        assert session.scalars(select(ComplianceAnswer)).all() == []


def test_a_change_of_someone_else_is_not_overwritten_unseen(database: Database, expo: Expo) -> None:
    save(database, expo, TRAINING, "Yearly.")
    with pytest.raises(InvalidInput) as refused:
        save(database, expo, TRAINING, "Monthly.", seen=EMPTY)
    (fault,) = refused.value.faults
    assert (fault.path, expo.organiser.email in fault.message) == (TRAINING, True)
    assert save(database, expo, TRAINING, "", seen=EMPTY) == 0  # this one was not edited
    assert listed(database, expo)[TRAINING].answer.text == "Yearly."
    assert save(database, expo, TRAINING, "Monthly.", seen=Answer("Yearly.").version) == 1


def test_a_text_is_bounded_and_nothing_is_stored_if_one_is_wrong(database: Database, expo: Expo) -> None:
    longest = limits(ComplianceAnswerText).most
    typed = {
        TRAINING: TypedAnswer(Answer("Yearly."), EMPTY),
        JOINT: TypedAnswer(Answer("x" * (longest + 1)), EMPTY),
    }
    with database.write() as session, pytest.raises(InvalidInput) as refused:
        compliance_answers.save_answers(session, expo.organiser_actor(), typed, now=NOW)
    assert [fault.path for fault in refused.value.faults] == [JOINT]
    assert listed(database, expo)[TRAINING].answer.state is AnswerState.MISSING
    assert save(database, expo, JOINT, "很" * longest) == 1


def test_the_audit_log_has_each_change_whole(database: Database, expo: Expo) -> None:
    first, second = "很" * 2_000, "好" * 2_000
    save(database, expo, TRAINING, first)
    save(database, expo, TRAINING, second, seen=Answer(first).version, is_applicable=False)
    with database.read() as session:
        rows = session.scalars(select(AuditLogEntry.after).order_by(AuditLogEntry.id)).all()
    assert all('"training":' in row and "characters" not in row for row in rows[-2:])
    page = Browser(web_app(database, NOWHERE), expo.organiser).get(f"/events/{expo.event.key}/audit-log")
    assert "nswers to the PIPL audit" in page and "Internal rules and training" in page
    assert f"Not applicable: {second[:20]}" in page


def test_others_neither_read_nor_change_answers(database: Database, expo: Expo) -> None:
    with database.write() as session:
        with pytest.raises(NotAllowed):
            compliance_answers.list_answers(session, expo.actor(0), SETTINGS, now=NOW)
        with pytest.raises(NotAllowed):
            compliance_answers.save_answers(session, expo.actor(0), {}, now=NOW)


def test_the_site_s_answers_are_of_the_event_and_name_no_host(database: Database, expo: Expo) -> None:
    with database.write() as session:
        other = make_event(session)
        ask_consent(session, other, ConsentPurpose.ABROAD)
        consent(session, other, 0, ConsentPurpose.ABROAD)
    app = web_app(database, NOWHERE, imap_host="imap.expo.example", controller="Site Ltd")
    page = Browser(app, expo.organiser).get(f"/events/{expo.event.key}/pipl-audit")
    assert "This event has no privacy notice" in page and "Responsible: Site Ltd" in page
    assert "Mailbox for replies" in page and "imap.expo.example" not in page
    page = Browser(app, other.organiser).get(f"/events/{other.event.key}/pipl-audit")
    assert "This event has a privacy notice. Attendees with stored choices: 1." in page
    assert "Responsible: Expo Ltd" in page and "People are asked for consent to share" in page


def test_organisers_answer_on_the_page_and_see_what_someone_else_stored(
    database: Database, expo: Expo
) -> None:
    path = f"/events/{expo.event.key}/pipl-audit"
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    page = browser.get(path)
    assert "0 of 18 topics answered or not applicable." in page
    seen = re.findall(r'name="(\S+)-seen" value="(\w+)"', page)
    assert dict(seen) == dict.fromkeys(ComplianceTopic, EMPTY)
    fields = {"training": "Yearly.", "training-seen": EMPTY, "joint": "", "joint-seen": EMPTY}
    fields["joint-not-applicable"] = "yes"
    page = browser.post(path, **fields)
    assert "Answers changed: 2." in page and "2 of 18 topics answered or not applicable." in page
    assert f"Changed by {expo.organiser.email} on " in page
    assert "No changes made." in browser.post(path, **fields)
    refused = browser.post(path, 422, **fields | {"training": "Monthly."})
    assert "has changed this answer since you opened the page" in refused
    assert "Stored answer: <q" in refused and "Yearly.</q>" in refused
    again = re.search(r'name="training-seen" value="(\w+)"', refused)
    assert again is not None
    saved = browser.post(path, **fields | {"training": "Monthly.", "training-seen": again[1]})
    assert "Answers changed: 1." in saved


def test_answers_are_in_the_workbook_and_the_pdf(database: Database, expo: Expo) -> None:
    save(database, expo, TRAINING, "=Yearly.")
    save(database, expo, CAMERAS, "No cameras.", is_applicable=False)
    path = f"/events/{expo.event.key}/pipl-audit/answers"
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    made = browser.client.get(f"{path}.xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(made.data)).get_sheet_by_index(0).to_python()
    assert rows[0][3:] == ["Status", "Your answer", "Last change"]
    found = {row[0]: row[3:] for row in rows[1:]}
    assert found["Internal rules and training"][:2] == ["Answered", "=Yearly."]
    assert expo.organiser.email in str(found["Internal rules and training"][2])
    assert found["Cameras and identification in public places"][:2] == ["Not applicable", "No cameras."]
    assert found["Incidents"] == ["Not answered", "", ""]
    pdf = browser.client.get(f"{path}.pdf")
    assert pdf.headers["Cache-Control"] == "no-store"
    with pymupdf.open(stream=pdf.data, filetype="pdf") as document:
        text = "".join(page.get_text() for page in document)
    assert "=Yearly." in text and "No cameras." in text and "Not answered" in text


def test_the_pdf_has_an_answer_that_is_longer_than_a_page(database: Database, expo: Expo) -> None:
    save(database, expo, TRAINING, "\n".join(f"line {number}" for number in range(200)))
    browser = Browser(web_app(database, NOWHERE), expo.organiser)
    pdf = browser.client.get(f"/events/{expo.event.key}/pipl-audit/answers.pdf")
    with pymupdf.open(stream=pdf.data, filetype="pdf") as document:
        shown = [page.get_text(clip=page.rect) for page in document]
    assert len(shown) > 2 and "line 199" in "".join(shown)


def test_an_answer_whose_account_is_not_known_has_a_date_alone(database: Database, expo: Expo) -> None:
    save(database, expo, JOINT, "None.")
    with database.write() as session:
        session.get_one(ComplianceAnswer, (expo.event.id, JOINT)).changed_by = None
    page = Browser(web_app(database, NOWHERE), expo.organiser).get(f"/events/{expo.event.key}/pipl-audit")
    assert "Changed on " in page and f"Changed by {expo.organiser.email}" not in page
