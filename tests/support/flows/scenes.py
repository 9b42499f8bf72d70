"""Flows: each executes the steps of users, programs and workers in an event of its own."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from sqlalchemy import select

from scheduler.domain.entities import AfterRun, RequestState
from scheduler.services.board.placement_search import PlacementSearch
from scheduler.services.delivery import delivery
from scheduler.services.emails.inbound import inbox
from scheduler.services.planning.runs import execution, overnight
from scheduler.solver.solve import solve as solve_problem
from scheduler.storage.database import Database
from scheduler.storage.models import Account, ImportFile, MeetingRequest, Run
from tests.integration.board.test_commands import Hall
from tests.support import replies
from tests.support.factories import NOW, Expo, make_event, make_night, make_request, make_version, meet
from tests.support.flows.tracing import Recorder
from tests.support.mail_server import Catcher, serving
from tests.support.published import LATER, Published
from tests.support.publishing import SETTINGS, carry_out
from tests.support.web import Browser, web_app
from workers import board_queries

NOWHERE = "redis://127.0.0.1:1"
"""URL of an unreachable broker: the steps of workers are called directly."""


class Stage:
    """A database, and a recorder of what is done with it."""

    def __init__(self, database: Database) -> None:
        self.database, self.recorder = database, Recorder()
        self.app = web_app(database, NOWHERE)
        self.step = self.recorder.step

    def browser(self, expo: Expo, account: Account) -> Browser:
        """Return a signed-in browser. Its light pages establish what every page does."""
        browser = Browser(self.app, account)
        with self.recorder.of_every_page():
            for path in ("/sessions", f"/events/{expo.event.key}/preferences"):
                browser.client.get(path)  # organisers may not read the second, and get an error page
        return browser

    def organiser(self, expo: Expo) -> Browser:
        return self.browser(expo, expo.organiser)

    def exhibitor(self, expo: Expo, firm: int) -> Browser:
        with self.database.read() as session:
            account = session.get_one(Account, expo.people[firm][0].account_id)
        return self.browser(expo, account)

    def do_jobs(self) -> None:
        """Execute the pending jobs of versions, as a worker does."""
        carry_out(self.database)

    def solve(self) -> None:
        """Execute the latest run, as a worker does."""
        with self.database.read() as session:
            run_id = session.scalars(select(Run.id).order_by(Run.id.desc()).limit(1)).one()
        solve = self.recorder.untraced(solve_problem, caller="planning")
        done = execution.execute_run(self.database, run_id, worker="w", settings=SETTINGS, solve=solve)
        assert done.version is not None


def form_to_invitation(stage: Stage) -> None:
    """A firm requests a meeting, and both firms get an invitation."""
    with stage.database.write() as session:
        expo = make_event(session, firms=3, mail_per_minute=60_000)
    asking, asked = stage.exhibitor(expo, 0), stage.exhibitor(expo, 1)
    organiser = stage.organiser(expo)
    path = f"/events/{expo.event.key}"
    asking.get(f"{path}/firms/f1/request")
    fields = {"topic": "Cells", "priority": "3", "length": "1", "place": "any"}
    with stage.step("A company contact sends a meeting request"):
        send(asking, f"{path}/firms/f1/request", **fields)
    with stage.database.read() as session:
        key = session.scalars(select(MeetingRequest.key)).one()
    asked.get(f"{path}/requests/{key}")
    with stage.step("The other firm accepts"):
        send(asked, f"{path}/requests/{key}/accept")
    organiser.get(f"{path}/schedule")
    with stage.step("An organiser starts a run"):
        send(organiser, f"{path}/runs", seconds="60")
    with stage.step("A worker solves it, and another compares the draft"):
        stage.solve()
        stage.do_jobs()
    organiser.get(f"{path}/versions/1/publish")
    with stage.step("The organiser publishes the draft"):
        send(organiser, f"{path}/versions/1/publish", compared_with="")
    with stage.step("A worker publishes it, and queues invitations"):
        stage.do_jobs()
    with serving(Catcher()) as catcher:
        settings = replace(SETTINGS, smtp_port=catcher.port, smtp_security="none")
        with stage.step("A worker sends the emails"):
            delivery.deliver_emails(stage.database, settings, worker="w", now=lambda: NOW)
    assert len(catcher.taken) == 2


def inbound_reply(stage: Stage) -> None:
    """An attendee declines in their calendar, and the next run assigns a colleague."""
    published = Published(stage.database, people=2)
    mail = published.mail_to(0)
    raw = replies.calendar(mail, "DECLINED")
    with stage.step("The reply arrives by email, and is stored, read and applied"):
        assert inbox.receive_email(
            stage.database, SETTINGS, replies.address(mail, "meetings"), raw, now=LATER
        )
    assert published.known(0) is not None


def import_of_a_file(stage: Stage) -> None:
    """An organiser imports a spreadsheet of firms."""
    with stage.database.write() as session:
        expo = make_event(session)
    rows = [f"k{i},New firm {i},China,upstream,Hall 0,B{i}" for i in range(5)]
    octets = "\n".join(["Key,Name,Country,Tier,Hall,Booth", *rows]).encode()
    browser = stage.organiser(expo)
    path = f"/events/{expo.event.key}/imports/"
    browser.get(path)
    with stage.step("An organiser uploads the file"):
        send(browser, path, file=(io.BytesIO(octets), "firms.csv"))
    with stage.database.read() as session:
        number = session.scalars(select(ImportFile.id)).one()
    with stage.step("The page shows a preview"):
        page = browser.get(f"{path}{number}")
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    with stage.step("The organiser imports it"):
        send(browser, f"{path}{number}/import", digest=digest)


def overnight_run(stage: Stage) -> None:
    """An overnight run creates a draft, compares it and notifies the organisers."""
    with stage.database.write() as session:
        expo = make_event(session, firms=4)
        requests = [make_request(session, expo, i, i + 1) for i in range(3)]
        make_version(session, expo, [meet(requests[0], expo, slot=0)])
        make_night(session, expo, then=AfterRun.DRAFT)
    with stage.step("The clock queues the run that is due"), stage.database.write() as session:
        assert overnight.queue_due_runs(session, now=NOW)
    with stage.step("A worker solves it, and stores a draft"):
        stage.solve()
    with stage.step("A worker compares the draft with the published schedule, and emails the organisers"):
        stage.do_jobs()


def move_on_the_board(stage: Stage) -> None:
    """An organiser moves a meeting in a manual draft."""
    with stage.database.write() as session:
        hall = Hall(session)
        assert hall.one.state is RequestState.ACCEPTED
    browser = stage.organiser(hall.expo)
    path = f"/events/{hall.expo.event.key}/board"
    desk = PlacementSearch(stage.database)
    with pytest.MonkeyPatch.context() as patch:  # the page would ask a worker through the broker
        patch.setattr(board_queries, "ask", lambda *_, **__: None)
        browser.get(f"{path}?draft=2")
        with stage.step("An organiser picks a meeting up"):
            browser.get(f"{path}?draft=2&pick={hall.one.key}")
    with stage.step("A worker with the plan in memory lists where it can go"):
        view = {"request": hall.one.key, "slots": ["s1"], "places": ["t0"]}
        assert desk.answer(hall.expo.event.id, 2, view)["targets"]
    to = {"request": hall.one.key, "slot": "s1", "place": "t0", "seen": "0"}
    with stage.step("The organiser places the meeting"):
        send(browser, f"{path}/2/place", **to)
    with stage.step("The worker applies the step"):
        desk.answer(hall.expo.event.id, 2, view)


def send(browser: Browser, path: str, **fields: object) -> None:
    """Submit a form without following the redirect."""
    answer = browser.client.post(path, data={"csrf_token": browser.token, **fields})
    assert answer.status_code in (302, 303), answer.text


FLOWS: Mapping[str, tuple[str, Callable[[Stage], None]]] = MappingProxyType(
    {
        "form-to-invitation": ("From a request to the invitation", form_to_invitation),
        "inbound-reply": ("A reply by email", inbound_reply),
        "import": ("Import of a file", import_of_a_file),
        "overnight-run": ("An overnight run", overnight_run),
        "move-on-the-board": ("A move on the board", move_on_the_board),
    }
)
"""Title and function of each flow by page name."""
