"""Reply links need no sign-in and change nothing on GET; the inbox shows emails as safe text."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta

import pymupdf
import pytest

from scheduler.domain.entities import Partstat, ReplySource, RequestState
from scheduler.services.delivery import rendering
from scheduler.services.replies import reply_links
from scheduler.storage.database import Database
from scheduler.storage.models import Account, AttendeeBusy, InboundEmail
from tests.integration.replies.test_declining import Scene
from tests.support import clocks, replies
from tests.support.conflicts import end_once
from tests.support.published import Published
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

NOWHERE = "redis://127.0.0.1:1"


class Site:
    def __init__(self, database: Database) -> None:
        self.published = Published(database)
        self.app = web_app(database, NOWHERE)
        self.visitor = Browser(self.app)
        self.link = f"/answers/{replies.token(self.published.mail_to(0))}"

    def organiser(self) -> Browser:
        with self.published.database.read() as session:
            return Browser(self.app, session.get_one(Account, self.published.expo.organiser.id))

    @property
    def inbox(self) -> str:
        return f"/events/{self.published.expo.event.key}/inbox"


@pytest.fixture
def site(database: Database) -> Site:
    return Site(database)


def test_m10_the_mail_has_the_three_links(site: Site) -> None:
    raw = rendering.render_invitation_email(SETTINGS, site.published.mail_to(0)).data.decode()
    import email

    texts = [part.get_payload(decode=True).decode() for part in email.message_from_string(raw).walk()
             if part.get_content_maintype() == "text"]  # fmt: skip
    for step in ("accept", "decline", "propose"):
        assert f"{SETTINGS.base_url}{site.link}/{step}" in texts[0]
        assert f"{SETTINGS.base_url}{site.link}/{step}" in texts[1]


@pytest.mark.parametrize("step", ["accept", "decline", "propose", ""])
def test_opening_a_link_does_nothing(site: Site, step: str) -> None:
    page = site.visitor.get(f"{site.link}/{step}")
    assert site.visitor.client.head(f"{site.link}/{step}").status_code == 200
    assert 'method="post"' in page and "<script>" not in page
    assert (site.published.known(0), site.published.state()) == (None, RequestState.ACCEPTED)


@pytest.mark.parametrize(
    ("step", "partstat"), [("accept", Partstat.ACCEPTED), ("decline", Partstat.DECLINED)]
)
def test_the_button_answers_without_a_sign_in(site: Site, step: str, partstat: Partstat) -> None:
    site.visitor.get(f"{site.link}/{step}")
    page = site.visitor.post(f"{site.link}/{step}", sequence=0, comment="On <b>another</b> stand")
    answer = site.published.known(0)
    assert answer is not None and (answer.partstat, answer.source) == (partstat, ReplySource.LINK)
    assert f"Your reply: {partstat.lower()}" in page
    is_off = site.published.state() is RequestState.WITHDRAWN
    assert is_off == (partstat is Partstat.DECLINED)


@pytest.mark.parametrize("database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
def test_an_answer_by_a_link_outlives_a_deadlock(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = end_once(monkeypatch, reply_links, "submit_reply")
    site.visitor.get(f"{site.link}/accept")
    assert "Your reply: accepted" in site.visitor.post(f"{site.link}/accept", sequence=0)
    assert len(calls) == 2


def test_another_time_is_proposed_from_those_that_suit(site: Site) -> None:
    page = site.visitor.get(f"{site.link}/propose")
    assert 'value="s3"' in page and 'value="s0"' not in page, "the present time is no other time"
    site.visitor.post(f"{site.link}/propose", sequence=0, slot="s3")
    answer = site.published.known(0)
    assert answer is not None and answer.proposed_slots == ["s3"]
    assert "Choose a time from the list." in site.visitor.post(
        f"{site.link}/propose", 422, sequence=0, slot="x"
    )


def test_a_colleague_is_sent_from_a_list_that_says_who_is_free(database: Database) -> None:
    published = Published(database, people=3)
    with database.write() as session:
        session.add(AttendeeBusy(attendee_id=published.person(0, 1).id, slot_id=published.expo.slots[0].id))
    visitor = Browser(web_app(database, NOWHERE))
    link = f"/answers/{replies.token(published.mail_to(0))}"
    page = visitor.get(f"{link}/instead")
    assert page.index("F0-P2 · free") < page.index("F0-P1 · busy at that time")
    assert "Send this colleague" in visitor.get(link + "/") and "Send this colleague" not in visitor.get(
        f"{link}/accept"
    )
    page = visitor.post(f"{link}/instead", 422, sequence=0, colleague="f1-p0")
    assert "Choose a colleague from the list." in page and published.known(0) is None
    page = visitor.post(f"{link}/instead", sequence=0, colleague="f0-p2", comment="Ana knows more of it.")
    assert "F0-P2 attends in your place." in page and "Your colleague is named in your place." in page
    assert "Send this colleague" not in page and published.state() is RequestState.ACCEPTED
    assert "goes instead" not in visitor.post(f"{link}/accept", sequence=0)


def test_nobody_can_be_sent_where_there_is_no_colleague(site: Site) -> None:
    assert "No colleague can attend in your place." in site.visitor.get(f"{site.link}/instead")
    assert "colleague" not in site.visitor.get(f"{site.link}/").lower()


def test_an_organiser_sends_the_colleague_who_accepted(database: Database) -> None:
    published = Published(database, people=2)
    row = published.mail_to(0)
    raw = replies.calendar(row, "ACCEPTED", attendee=published.person(0, 1).email)
    mail = published.receive(raw, row)
    with database.read() as session:
        organiser = Browser(web_app(database, NOWHERE), session.get_one(Account, published.expo.organiser.id))
    path = f"/events/{published.expo.event.key}/inbox/{mail.id}"
    assert "Send F0-P1 instead</button>" in organiser.get(path)
    page = organiser.post(f"{path}/instead")
    assert "F0-P1 will attend instead of F0-P0 from the next schedule on." in page
    answer = published.known(0)
    assert answer is not None and answer.delegate_id == published.person(0, 1).id


def test_a_meeting_that_changed_since_the_page_was_opened_is_not_answered(site: Site) -> None:
    site.visitor.get(f"{site.link}/accept")
    site.published.publish_again(slot=3)
    page = site.visitor.post(f"{site.link}/accept", 409, sequence=0)
    assert "The meeting has changed" in page and site.published.known(0) is None


def test_a_cancelled_meeting_says_so(site: Site) -> None:
    site.published.answer(0, "DECLINED")
    site.published.publish_again()
    page = site.visitor.get(f"{site.link}/accept")
    assert "This meeting has been cancelled" in page and "Accept</button>" not in page


def test_a_wrong_link_is_not_found(site: Site) -> None:
    for path in (f"/answers/{'a' * 32}/accept", f"{site.link}/elsewhere"):
        assert site.visitor.client.get(path).status_code == 404


@pytest.mark.parametrize(("origin", "status"), [("cross-site", 403), ("same-site", 403)])
def test_a_form_of_another_site_does_not_answer_and_says_so_in_the_readers_language(
    database: Database, origin: str, status: int
) -> None:
    published = Published(database, language="hu")
    client = web_app(database, NOWHERE).test_client()
    link = f"/answers/{replies.token(published.mail_to(0))}/decline"
    answered = client.post(link, data={"sequence": 0}, headers={"Sec-Fetch-Site": origin})
    assert (answered.status_code, published.known(0)) == (status, None)
    assert "másik webhelyről" in answered.text and 'lang="hu"' in answered.text


@pytest.mark.parametrize("step", ["accept", "decline"])
def test_a_browser_without_cookies_answers(site: Site, step: str) -> None:
    """The link is the credential: no session, no cookie, and the confirmation is on the page."""
    site.app.config["WTF_CSRF_ENABLED"] = True
    client = site.app.test_client(use_cookies=False)
    assert "Set-Cookie" not in client.get(f"{site.link}/{step}").headers
    answered = client.post(f"{site.link}/{step}", data={"sequence": 0})
    assert (answered.status_code, "Set-Cookie" in answered.headers) == (303, False)
    page = client.get(answered.headers["Location"]).text
    assert "Thank you. Your reply was saved." in page and "Your reply:" in page
    assert site.published.known(0) is not None
    changed = client.post(f"{site.link}/{step}", data={"sequence": 9})
    assert changed.status_code == 409 and "The meeting has changed" in changed.text


def test_a_meeting_that_is_over_takes_no_answer_by_its_link(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = site.published.expo.slots[0].end
    for moment, forms in ((end - timedelta(seconds=1), True), (end, False)):
        clocks.hold(monkeypatch, moment)
        page = site.visitor.get(f"{site.link}/decline")
        assert ("<textarea" in page, "This meeting is over." in page) == (forms, not forms)
    page = site.visitor.post(f"{site.link}/decline", 409, sequence=0)
    assert "This meeting is over." in page and site.published.state() is RequestState.ACCEPTED


def text_mail(site: Site) -> InboundEmail:
    row = site.published.mail_to(0)
    raw = replies.mail(row, "Content-Type: text/plain\n\n<script>alert(1)</script>\n", "<b>Late</b>")
    return site.published.receive(raw, row)


def test_the_inbox_shows_a_mail_as_text(site: Site) -> None:
    mail = text_mail(site)
    organiser = site.organiser()
    for path in (site.inbox + "/", f"{site.inbox}/{mail.id}"):
        page = organiser.get(path)
        assert "<b>Late" not in page and "&lt;b&gt;Late" in page
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    saved = organiser.client.get(f"{site.inbox}/{mail.id}/raw")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert saved.mimetype == "application/octet-stream"


def test_the_inbox_filters_by_outcome(site: Site) -> None:
    text_mail(site)
    site.published.answer(1, "ACCEPTED")
    organiser = site.organiser()
    assert "A person wrote it" not in organiser.get(f"{site.inbox}/?outcome=applied")
    assert "This email was written by a person." in organiser.get(f"{site.inbox}/?outcome=waiting")


@pytest.mark.parametrize(
    ("step", "state"), [("decline", RequestState.WITHDRAWN), ("set-aside", RequestState.ACCEPTED)]
)
def test_an_organiser_decides_about_a_waiting_mail(site: Site, step: str, state: RequestState) -> None:
    mail = text_mail(site)
    organiser = site.organiser()
    organiser.get(f"{site.inbox}/{mail.id}")
    page = organiser.post(f"{site.inbox}/{mail.id}/{step}")
    assert "An organiser" in page and "Set aside</button>" not in page
    assert site.published.state() is state


def test_who_answers_under_another_address_is_the_same_person_once_an_organiser_says_so(site: Site) -> None:
    mail = site.published.answer(0, "ACCEPTED", attendee="ann@other.example")
    organiser, path = site.organiser(), f"{site.inbox}/{mail.id}"
    assert "Confirm same person" in organiser.get(path)
    assert "will attend." in organiser.post(f"{path}/same-person")
    person = site.inbox.replace("/inbox", f"/calendar-status/people/{site.published.person(0).key}")
    assert "Email aliases" in organiser.get(person) and "ann@other.example" in organiser.get(person)
    assert "ann@other.example" not in organiser.post(f"{person}/aliases/1/remove")


def test_a_report_that_waits_is_believed_by_an_organiser_and_is_no_answer(site: Site) -> None:
    row = site.published.mail_to(0)
    mail = site.published.receive(replies.bounce(row), row)
    organiser, path = site.organiser(), f"{site.inbox}/{mail.id}"
    page = organiser.get(path)
    assert "Mark address invalid" in page and "Record as accepted" not in page
    assert "does not accept emails" in organiser.post(f"{path}/dead")


def test_nobody_else_sees_the_inbox(site: Site) -> None:
    mail = text_mail(site)
    with site.published.database.read() as session:
        attendee = session.get_one(Account, site.published.person(0).account_id)
    browser = Browser(site.app, attendee)
    browser.get(site.inbox + "/", status=404)
    browser.get(f"{site.inbox}/{mail.id}", status=404)


class Colleagues:
    """A meeting with a colleague of the exhibitor, and browsers of the people involved."""

    def __init__(self, database: Database, named: Collection[int] = ()) -> None:
        self.scene = Scene(database, named=named)
        self.app = web_app(database, NOWHERE)
        self.visitor = Browser(self.app)
        self.link = f"/answers/{self.scene.link()}"
        key = self.scene.expo.event.key
        self.own, self.of_firm = f"/events/{key}/agenda", f"/events/{key}/agenda/firm"
        self.request = f"/events/{key}/requests/{self.scene.request.key}"

    def browser(self, firm: int, number: int) -> Browser:
        with self.scene.database.read() as session:
            return Browser(self.app, session.get_one(Account, self.scene.person(firm, number).account_id))


@pytest.fixture
def colleagues(database: Database) -> Colleagues:
    return Colleagues(database)


def test_the_page_says_what_a_decline_does_and_who_reads_it_before_the_press(colleagues: Colleagues) -> None:
    page = colleagues.visitor.get(f"{colleagues.link}/decline")
    assert "sends a colleague of your company instead, if one is available" in page
    assert "Your company contacts can read your reply and your note." in page
    colleagues.scene.keep_busy(0)
    colleagues.scene.keep_busy(2)
    page = colleagues.visitor.get(f"{colleagues.link}/decline")
    assert "No one else from your company can attend. If you decline, the meeting is cancelled." in page
    assert "The contacts of both companies can read your reply" in page


def test_who_declined_is_not_asked_to_decline_again(colleagues: Colleagues) -> None:
    colleagues.scene.decline()
    page = colleagues.visitor.get(colleagues.link)
    assert "Your reply: declined." in page and "/decline" not in page and "/accept" in page


def test_the_firm_reads_who_cannot_come_and_the_partner_does_not(colleagues: Colleagues) -> None:
    colleagues.scene.decline(note="I am <b>ill</b>")
    who = colleagues.scene.person(0, 1).name
    exhibitor = colleagues.browser(0, 0)
    page = exhibitor.get(colleagues.request)
    assert f"{who} can't attend." in page and "I am &lt;b&gt;ill" in page
    assert f"{who} can't attend." in exhibitor.get(colleagues.of_firm)
    partner = colleagues.browser(1, 0)
    assert "cannot come" not in partner.get(colleagues.request) + partner.get(colleagues.of_firm)
    colleagues.scene.publish_with(2, minutes=30)
    assert "A colleague is attending instead." in exhibitor.get(colleagues.request)


def test_one_s_own_agenda_shows_the_answer_and_takes_it(colleagues: Colleagues) -> None:
    own = colleagues.browser(0, 1)
    page = own.get(colleagues.own)
    assert "You haven't replied yet." in page and f"{colleagues.link}/decline" in page
    accept = f"{colleagues.own}/{colleagues.scene.request.key}/accept"
    assert "You accepted." in own.post(accept, sequence=0)
    colleagues.scene.decline()
    page = own.get(colleagues.own)
    assert "You declined. The next schedule assigns a colleague" in page and "Accept after all" in page
    assert "You accepted." in own.post(accept, sequence=0)
    assert colleagues.scene.excluded() == set()


def test_an_agenda_takes_no_answer_of_somebody_else_or_to_what_has_changed(colleagues: Colleagues) -> None:
    accept = f"{colleagues.own}/{colleagues.scene.request.key}/accept"
    stranger = colleagues.browser(0, 2)
    assert "/accept" not in stranger.get(colleagues.own)
    stranger.post(accept, sequence=0, status=404)
    own = colleagues.browser(0, 1)
    own.get(colleagues.own)
    assert "The meeting was changed or cancelled" in own.post(accept, sequence=7)
    assert "You haven't replied yet." in own.get(colleagues.own)


def test_agendas_show_who_accepted_to_both_sides_and_who_declined_to_their_own(
    colleagues: Colleagues,
) -> None:
    accepted = re.compile(r'class="tag tag-good">(?:<span[^>]*></span>)?Accepted<')
    declined = re.compile(r'class="tag tag-outline">(?:<span[^>]*></span>)?Declined<')
    own, partner = colleagues.browser(0, 0), colleagues.browser(1, 1)
    assert not accepted.search(partner.get(colleagues.own))
    colleagues.scene.give(Partstat.ACCEPTED)
    assert accepted.search(own.get(colleagues.of_firm))
    assert accepted.search(partner.get(colleagues.own))
    assert accepted.search(partner.get(colleagues.of_firm))
    colleagues.scene.decline()
    assert declined.search(own.get(colleagues.of_firm))
    page = partner.get(colleagues.own)
    assert "F0-P1" in page and not accepted.search(page) and "Declined" not in page


@pytest.fixture
def named(database: Database) -> Colleagues:
    """The firm has named the colleague and another person."""
    return Colleagues(database, named=(1, 2))


def test_where_the_request_names_others_who_declined_reads_that_they_go(named: Colleagues) -> None:
    named.scene.decline()
    assert (
        "You declined. The other colleagues named in the request will attend without you."
        in named.browser(0, 1).get(named.own)
    )
    exhibitor = named.browser(0, 0)
    for page in (named.of_firm, named.request):
        said = exhibitor.get(page)
        assert "The other colleagues named in the request will attend without them." in said
        assert "sends a colleague" not in said


def test_the_sheet_of_who_declined_says_so_and_nobody_else_s_does(colleagues: Colleagues) -> None:
    declined = "Declined. The meeting takes place without you."

    def sheet(browser: Browser) -> str:
        pdf = browser.client.get(f"{colleagues.own}.pdf").data
        return "\n".join(page.get_text() for page in pymupdf.open("pdf", pdf))

    own, partner = colleagues.browser(0, 1), colleagues.browser(1, 1)
    assert "Firm 1" in sheet(own) and declined not in sheet(own)
    colleagues.scene.decline()
    assert declined in sheet(own) and declined not in sheet(partner)


def test_a_firms_sheet_marks_who_of_its_people_declined_and_the_partners_does_not(
    colleagues: Colleagues,
) -> None:
    def sheet(browser: Browser) -> str:
        pdf = browser.client.get(f"{colleagues.of_firm}.pdf").data
        return "\n".join(page.get_text() for page in pymupdf.open("pdf", pdf))

    own, partner = colleagues.browser(0, 0), colleagues.browser(1, 0)
    assert "F0-P1" in sheet(own) and "(declined)" not in sheet(own)
    colleagues.scene.decline()
    assert "F0-P1 (declined)" in sheet(own)
    assert "F0-P1" in sheet(partner) and "(declined)" not in sheet(partner)


def test_an_agenda_offers_other_times_only_where_the_event_takes_proposals(colleagues: Colleagues) -> None:
    propose = f"{colleagues.link}/propose"
    assert propose in colleagues.browser(0, 1).get(colleagues.own)
    with colleagues.scene.database.write() as session:
        session.merge(colleagues.scene.expo.event).proposals = False
    assert propose not in colleagues.browser(0, 1).get(colleagues.own)
