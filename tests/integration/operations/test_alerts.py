"""Alerts: one email to those who can help, and a notice on pages until it is resolved."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy, ngettext_lazy
from scheduler.invites.catalogue import languages, load_words
from scheduler.services.delivery import claims, rendering
from scheduler.services.operations import alerts
from scheduler.services.operations.invariants import BrokenInvariant, Invariant
from scheduler.services.planning.runs import recovery
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Alert, OutboxEmail, TeamMember
from tests.support.factories import NOW, SECRET_KEY, make_account, make_event
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

FAILED = AlertKind.RUN_FAILED


def fail(
    session: Session, event_id: int | None, *, about: str = "run 1", minutes: float = 0, **more: str
) -> bool:
    told = {"reason": "The solve ended with an error.", "path": "/events/x/runs/1", **more}
    now = NOW + timedelta(minutes=minutes)
    return alerts.raise_alert(session, FAILED, event_id=event_id, about=about, now=now, **told)


def mails(session: Session) -> Sequence[OutboxEmail]:
    return session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)).all()


def test_organisers_of_the_event_and_operators_get_one_mail_each(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        operator = make_account(session, is_operator=True)
        session.add(TeamMember(event_id=expo.event.id, account_id=operator.id, role=TeamRole.OWNER))
        assert fail(session, expo.event.id)
        told = {mail.to_address for mail in mails(session)}
        assert len(mails(session)) == 2
    assert told == {expo.organiser.email, operator.email} and other.organiser.email not in told


def test_a_failure_that_goes_on_is_told_once_and_its_reason_is_kept_up_to_date(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
        assert fail(session, expo.event.id)
        assert not fail(session, expo.event.id, minutes=1, reason="It\nfailed again.")
        (alert,) = alerts.list_open_alerts(session, expo.event.id)
        assert (alert.reason, alert.opened_at) == ("It failed again.", NOW)
        assert fail(session, expo.event.id, about="run 2")
        assert len(mails(session)) == 2


@pytest.mark.parametrize(("minutes", "told"), [(59, 1), (61, 2)])
def test_what_comes_and_goes_within_an_hour_is_shown_again_and_not_mailed_again(
    database: Database, minutes: float, told: int
) -> None:
    with database.write() as session:
        expo = make_event(session)
        fail(session, expo.event.id)
        assert alerts.end_alert(session, FAILED, event_id=expo.event.id, about="run 1", now=NOW)
        assert alerts.list_open_alerts(session, expo.event.id) == []
        assert not alerts.end_alert(session, FAILED, event_id=expo.event.id, about="run 1", now=NOW)
        assert fail(session, expo.event.id, minutes=minutes)
        assert len(alerts.list_open_alerts(session, expo.event.id)) == 1
        assert len(mails(session)) == told


def test_all_of_a_kind_ends_at_once_and_nothing_of_another_event(database: Database) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        for about in ("run 1", "run 2"):
            fail(session, expo.event.id, about=about)
        fail(session, other.event.id)
        assert alerts.end_alert(session, FAILED, event_id=expo.event.id, now=NOW)
        assert alerts.list_open_alerts(session, expo.event.id) == []
        assert len(alerts.list_open_alerts(session, other.event.id)) == 1


def test_what_concerns_the_installation_is_told_to_operators_or_else_to_organisers(
    database: Database,
) -> None:
    with database.write() as session:
        expo = make_event(session)
        fail(session, None)
        assert [mail.to_address for mail in mails(session)] == [expo.organiser.email]
        operator = make_account(session, is_operator=True)
        fail(session, None, about="run 2")
        assert [mail.to_address for mail in mails(session)[1:]] == [operator.email]


def test_two_who_see_the_same_failure_at_once_make_one_alert_and_one_mail(database: Database) -> None:
    with database.write() as session:
        expo = make_event(session)
    together = Barrier(2)

    def see() -> bool:
        together.wait()
        with database.write() as session:
            return fail(session, expo.event.id)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(future.result() for future in [threads.submit(see) for _ in range(2)]) == [False, True]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Alert)) == 1
        assert len(mails(session)) == 1


@pytest.mark.parametrize("language", languages())
def test_the_mail_has_the_reason_and_a_link_in_the_readers_language(
    database: Database, language: str
) -> None:
    with database.write() as session:
        expo = make_event(session, language=language)
        fail(session, expo.event.id)
        (row,) = claims.claim_emails(session, worker="w", limit=9, secret_key=SECRET_KEY, now=NOW)
    mail = rendering.render_alert_email(SETTINGS, row)
    assert mail == rendering.render_alert_email(SETTINGS, row)
    made = email.message_from_bytes(mail.data, policy=email.policy.default)
    title = load_words(language).alert["run_failed"]
    assert title in str(made["Subject"]) and expo.event.name in str(made["Subject"])
    assert str(made["Message-ID"]).endswith(f"@{SETTINGS.mail_domain}>")
    text = made.get_body(("plain",)).get_content()
    assert "The solve ended with an error." in text
    assert f"{SETTINGS.base_url}/events/x/runs/1" in text


def reason_in(database: Database, language: str, reason: str) -> str:
    """Return the text of the alert email with this reason, in this language."""
    with database.write() as session:
        fail(session, make_event(session, language=language).event.id, reason=reason)
        (row,) = claims.claim_emails(session, worker="w", limit=9, secret_key=SECRET_KEY, now=NOW)
    made = email.message_from_bytes(
        rendering.render_alert_email(SETTINGS, row).data, policy=email.policy.default
    )
    return " ".join(str(made.get_body(("plain",)).get_content()).split())


def failed(why: str) -> str:
    return gettext_lazy("The overnight run failed: %(why)s", why=why)


MISSED = gettext_lazy(
    "The overnight run at %(time)s did not take place: %(why)s",
    time="02:00",
    why=gettext_lazy("this site was paused."),
)
UNPLACED = (
    "%(num)s email couldn't be matched to an event. Move it to its event, or ignore it.",
    "%(num)s emails couldn't be matched to an event. Move each one to its event, or ignore it.",
)


@pytest.mark.parametrize(
    ("language", "reason", "text"),
    [
        ("en", MISSED, "The overnight run at 02:00 did not take place: this site was paused."),
        ("hu", MISSED, "Elmaradt az éjszakai futtatás (02:00): a webhely szünetelt."),
        ("zh", MISSED, "02:00的夜间运行没有进行：本站当时已暂停。"),
        ("hu", ngettext_lazy(*UNPLACED, 1), "1 e-mail nem rendelhető rendezvényhez."),
        ("zh", ngettext_lazy(*UNPLACED, 3), "有3封邮件无法匹配到展会。"),
        ("hu", failed(recovery.LOST_TOO_OFTEN), "meghiúsult: A feldolgozó keresés közben"),
        ("zh", failed("Disk full."), "夜间运行失败：Disk full."),
    ],
)
def test_the_reason_is_in_the_readers_language(
    database: Database, language: str, reason: str, text: str
) -> None:
    assert text in reason_in(database, language, reason)


@pytest.mark.parametrize("invariant", list(Invariant))
def test_the_reasons_of_the_data_check_are_translated(database: Database, invariant: Invariant) -> None:
    reason = BrokenInvariant(invariant, 3, ("expo",)).reason
    assert str(reason) in reason_in(database, "en", reason)
    assert str(reason) not in reason_in(database, "hu", reason)


def test_every_kind_has_its_words_in_every_language() -> None:
    for language in languages():
        assert {kind.value for kind in AlertKind} <= set(load_words(language).alert)


def test_organisers_see_a_notice_on_every_page_until_it_is_over(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo, other = make_event(session), make_event(session)
        fail(session, expo.event.id, reason="No plan <b>keeps</b> the rules.")
        account = expo.people[0][0].account_id
        exhibitor = session.get_one(Account, account)
    app = web_app(database, broker_url)
    organiser = Browser(app, expo.organiser)
    here, notice = f"/events/{expo.event.key}", "No plan &lt;b&gt;keeps&lt;/b&gt; the rules."
    for page in ("schedule", "settings", "firms"):
        assert notice in organiser.get(f"{here}/{page}")
    assert notice not in Browser(app, exhibitor).get(f"{here}/firms")
    assert notice not in Browser(app, other.organiser).get(f"/events/{other.event.key}/schedule")
    with database.write() as session:
        alerts.end_alert(session, FAILED, event_id=expo.event.id, now=NOW)
    assert notice not in organiser.get(f"{here}/schedule")


def test_several_alerts_are_one_line_until_it_is_opened(database: Database, broker_url: str) -> None:
    with database.write() as session:
        expo = make_event(session)
        fail(session, expo.event.id, reason="Not enough memory.")
    organiser = Browser(web_app(database, broker_url), expo.organiser)
    assert "problems need attention" not in organiser.get(f"/events/{expo.event.key}/firms")
    with database.write() as session:
        fail(session, expo.event.id, about="run 2", reason="The disk is full.", path="/events/x/runs/2")
    page = organiser.get(f"/events/{expo.event.key}/firms")
    (told,) = re.findall(r'role="alert">.*?</div>', page, re.DOTALL)
    line, _, within = told.partition("</summary>")
    assert "2 problems need attention" in line
    for shown in ("Not enough memory.", "The disk is full.", "/events/x/runs/1", "/events/x/runs/2"):
        assert shown in within and shown not in line


def test_operators_see_what_concerns_the_installation_on_their_first_page(
    database: Database, broker_url: str
) -> None:
    with database.write() as session:
        operator = make_account(session, is_operator=True)
        fail(session, None, reason="The mailbox refuses the password.")
    assert "The mailbox refuses the password." in Browser(web_app(database, broker_url), operator).get("/")
