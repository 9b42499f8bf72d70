"""Attendees are notified in their own language and time zone; a retry has the same bytes."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import InvalidInput, NotAllowed
from scheduler.services.delivery import rendering
from scheduler.services.identity import preferences, sign_in
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    Invitation,
    MeetingRequest,
    OutboxEmail,
    SignInLink,
)
from tests.support import importing as imports
from tests.support.factories import (
    NOW,
    SECRET_KEY,
    Expo,
    make_account,
    make_event,
    make_request,
    meet,
)
from tests.support.publishing import SETTINGS, draft, publish, send_all


def of_two_countries(session: Session) -> tuple[Expo, MeetingRequest]:
    """A Chinese and a Hungarian with a published meeting. Return the event and the request."""
    expo = make_event(session, firms=2, slots="4")
    expo.firms[1].country = "HU"
    expo.people[0][0].languages, expo.people[1][0].languages = ["zh", "en"], ["hu", "en"]
    request = make_request(session, expo)
    publish(session, expo, draft(session, expo, [meet(request, expo)]), None)
    return expo, request


def mails(session: Session) -> list[EmailMessage]:
    """Return the queued invitations by attendee."""
    rows = session.scalars(select(OutboxEmail).order_by(OutboxEmail.attendee_id, OutboxEmail.id))
    return [read(rendering.render_invitation_email(SETTINGS, row).data) for row in rows]


def read(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_each_side_is_invited_in_its_own_language(database: Database) -> None:
    with database.write() as session:
        of_two_countries(session)
        chinese, hungarian = mails(session)
        assert chinese["Subject"] == "洽谈邀请：12月7日 周一 09:00，与Firm 1洽谈"
        assert hungarian["Subject"] == "Meghívó – H, dec. 7. 09:00, Találkozó: Firm 0"


def test_the_readers_own_time_stands_beside_the_venues_where_it_differs(database: Database) -> None:
    with database.write() as session:
        of_two_countries(session)
        chinese, hungarian = mails(session)
        shown = "Az Ön ideje szerint: 2026. december 7., hétfő, 02:00–02:30 (Budapest, UTC+01:00)"
        assert shown in text(hungarian)
        assert "您的当地时间" not in text(chinese)


def test_r8_a_retry_has_the_same_bytes_though_the_reader_chose_anew_meanwhile(database: Database) -> None:
    with database.write() as session:
        expo, _ = of_two_countries(session)
        row = session.scalars(
            select(OutboxEmail).where(OutboxEmail.attendee_id == expo.people[1][0].id)
        ).one()
        first = rendering.render_invitation_email(SETTINGS, row)
        preferences.save_preferences(session, expo.actor(1), language="zh", timezone="Asia/Tokyo")
        session.expire_all()
        assert rendering.render_invitation_email(SETTINGS, row) == first


def test_a_change_of_language_alone_tells_nobody_and_holds_from_the_next_mail(database: Database) -> None:
    with database.write() as session:
        expo, request = of_two_countries(session)
        send_all(session, expo)
        preferences.save_preferences(session, expo.actor(1), language="zh", timezone="Asia/Tokyo")
        assert publish(session, expo, draft(session, expo, [meet(request, expo)]), 1, minutes=5) == 0
        publish(session, expo, draft(session, expo, [meet(request, expo, slot=2)]), 2, minutes=10)
        moved = mails(session)[-1]
        assert moved["Subject"] == "洽谈变更：12月7日 周一 10:00，与Firm 0洽谈"
        assert "标题" not in text(moved), "a title in another language is no change of the meeting"


def test_choices_are_checked_and_are_an_attendees_own(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        with pytest.raises(InvalidInput, match="language"):
            preferences.save_preferences(session, expo.actor(0), language="tlh", timezone="")
        with pytest.raises(NotAllowed):
            preferences.save_preferences(session, expo.organiser_actor(), language="zh", timezone="")
        preferences.save_preferences(session, expo.actor(0), language="zh", timezone="Asia/Tokyo")
        rows = session.execute(select(Attendee.mail_language, Attendee.timezone).order_by(Attendee.id))
        assert [tuple(row) for row in rows] == [("zh", "Asia/Tokyo"), ("", ""), ("", "")]


def test_a_sign_in_mail_is_in_the_persons_language(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1, language="zh")
        expo.people[0][0].languages = ["hu"]
        organiser = make_account(session)
        subjects = []
        for address in (expo.people[0][0].email, organiser.email):
            link = sign_in.queue_sign_in_email(
                session, address, secret_key=SECRET_KEY, mail_domain="expo.example", now=NOW
            )
            assert link is not None
            row = session.scalars(select(OutboxEmail).where(OutboxEmail.sign_in_link_id == link.id)).one()
            made = rendering.render_sign_in_email(SETTINGS, row, session.get_one(SignInLink, link.id))
            subjects.append(read(made.data)["Subject"])
        assert subjects == [f"Belépési hivatkozás – {expo.event.name}", "Your sign-in link for Chainmeet"]


def test_a_sign_in_mail_comes_from_the_event_that_was_looked_at_or_the_only_one(database: Database) -> None:
    def sender(session: Session, address: str, path: str) -> str:
        link = sign_in.queue_sign_in_email(
            session,
            address,
            errand={"path": path},
            secret_key=SECRET_KEY,
            mail_domain="expo.example",
            now=NOW,
        )
        assert link is not None
        row = session.scalars(select(OutboxEmail).where(OutboxEmail.sign_in_link_id == link.id)).one()
        made = read(rendering.render_sign_in_email(SETTINGS, row, link).data)
        return str(made["From"].addresses[0].display_name)

    with database.write() as session:
        one, two, foreign = (make_event(session, firms=1) for _ in range(3))
        person, other = one.people[0][0], two.people[0][0]
        other.account_id, address = person.account_id, person.email
        session.flush()
        assert sender(session, address, f"/events/{two.event.key}/agenda") == two.event.name
        assert sender(session, address, f"/events/{foreign.event.key}/agenda") == "Chainmeet"
        assert sender(session, address, "/") == "Chainmeet"
        assert sender(session, foreign.people[0][0].email, "/") == foreign.event.name


PEOPLE = "key,firm,name,email,languages,mail_language,timezone\np9,f0,Li Na,li@f0.example,zh,{},{}\n"


def test_the_import_takes_language_and_zone_and_leaves_what_a_person_has(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)

        def take(language: str, zone: str) -> tuple[str, str]:
            file = PEOPLE.format(language, zone)
            imports.import_people(session, expo.organiser_actor(), file, settings=SETTINGS, now=NOW)
            person = session.scalars(select(Attendee).where(Attendee.key == "p9")).one()
            return person.mail_language, person.timezone

        assert take("", "") == ("", "")
        assert take("en", "") == ("en", "")
        assert take("hu", "Europe/Budapest") == ("en", "Europe/Budapest")
        assert take("", "") == ("en", "Europe/Budapest")


def test_the_import_names_a_wrong_language_or_zone_by_row_and_column(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session, firms=1)
        with pytest.raises(InvalidInput) as error:
            imports.import_people(
                session,
                expo.organiser_actor(),
                PEOPLE.format("xx", "GMT+8"),
                settings=SETTINGS,
                now=NOW,
            )
        assert [fault.path for fault in error.value.faults] == ["row 2, mail_language", "row 2, timezone"]


def two_scripts(session: Session) -> tuple[Expo, MeetingRequest]:
    """Create `of_two_countries` with native and Latin names on both sides."""
    expo = make_event(session, firms=2, slots="4")
    for firm, name, latin in [(0, "昆明电池", "Kunming Battery"), (1, "Jármű Kft.", "Jarmu Kft.")]:
        expo.firms[firm].name, expo.firms[firm].latin_name = name, latin
    for firm, name, latin in [(0, "王明", "Wang Ming"), (1, "Kővári Éva", "Kovari Eva")]:
        expo.people[firm][0].name, expo.people[firm][0].latin_name = name, latin
    return expo, make_request(session, expo)


def test_names_are_in_the_readers_script_once_and_never_twice_for_their_accents(database: Database) -> None:
    with database.write() as session:
        expo, request = two_scripts(session)
        expo.people[1][0].languages = ["zh"]
        publish(session, expo, draft(session, expo, [meet(request, expo)]), None)
        mine, theirs = mails(session)
        assert "Meeting with Jármű Kft.\n" in text(mine) and "Kővári Éva\n" in text(mine)
        assert "Kovari" not in text(mine) and "Jarmu" not in text(mine)
        assert "与昆明电池洽谈" in text(theirs) and "对方与会者：王明\n" in text(theirs)
        assert "Kunming" not in text(theirs) and "Wang Ming" not in text(theirs)


def test_calendars_that_were_told_the_latin_name_first_are_not_told_anew(database: Database) -> None:
    with database.write() as session:
        expo, request = two_scripts(session)
        expo.people[1][0].languages = ["zh"]
        planned = [meet(request, expo)]
        publish(session, expo, draft(session, expo, planned), None)
        send_all(session, expo)
        for told in session.scalars(select(Invitation)):
            own = {"partner_firm": "Jarmu Kft. (Jármű Kft.)", "partner_people": ["Kovari Eva (Kővári Éva)"]}
            other = {"partner_firm": "Kunming Battery (昆明电池)", "partner_people": ["Wang Ming (王明)"]}
            said = own if told.attendee_id == expo.people[0][0].id else other
            said |= {"summary": f"Meeting with {said['partner_firm']}"}
            if told.attendee_id == expo.people[1][0].id:
                said |= {"summary": f"与{said['partner_firm']}洽谈"}
            told.content, told.facts = told.content | said, None
        session.flush()
        assert publish(session, expo, draft(session, expo, planned), 1, minutes=5) == 0


def test_a_reader_of_another_script_from_now_on_is_told_nothing_anew(database: Database) -> None:
    with database.write() as session:
        expo, request = two_scripts(session)
        planned = [meet(request, expo)]
        publish(session, expo, draft(session, expo, planned), None)
        send_all(session, expo)
        expo.people[1][0].mail_language = "zh"
        assert publish(session, expo, draft(session, expo, planned), 1, minutes=5) == 0
