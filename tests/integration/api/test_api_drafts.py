"""Manual drafts in the API: the board's commands, with the same rules and lossless undo."""

from __future__ import annotations

from typing import Any

from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from tests.integration.board.test_commands import Hall
from tests.support.api import Program, make_token
from tests.support.publishing import carry_out
from tests.support.web import web_app


class Desk:
    """The event of `Hall` with manual draft 2, and an organiser's API client."""

    def __init__(self, database: Database, broker_url: str, *scopes: str) -> None:
        self.database = database
        with database.write() as session:
            self.hall = Hall(session)
        self.app = web_app(database, broker_url)
        self.program = self.with_scopes(*scopes)

    def with_scopes(self, *scopes: str) -> Program:
        return Program(self.app, make_token(self.database, self.hall.expo.organiser_actor(), *scopes))

    def post(self, step: str, status: int = 200, **body: Any) -> Any:
        return self.program.post(f"/drafts/2/{step}", body, status=status)

    def meetings(self) -> str:
        with self.database.read() as session:
            version = versions.get_version(session, self.hall.expo.event.id, 2)
            terms = sorted(version.terms.items())
            return repr((versions.list_meetings(session, version.id), version.score, terms))


def target(request: Any, slot: str, place: str) -> dict[str, Any]:
    return {"request": request.key, "slot": slot, "place": place}


def test_each_step_is_done_and_all_are_undone(database: Database, broker_url: str) -> None:
    desk = Desk(database, broker_url)
    hall, start = desk.hall, desk.meetings()
    one, two, three = hall.one.key, hall.two.key, hall.three.key
    taken = desk.post("place", targets=[target(hall.one, "s1", "t0")], expected_revision=0)
    assert (taken["kind"], taken["revision"], taken["requests"]) == ("move", 1, [one])
    kinds = [
        desk.post("place", targets=[target(hall.free, "s5", "t0")]),
        desk.post("swap", request=two, other=three),
        desk.post("cancel", request=three),
        desk.post("unlock", request=two),
        desk.post("lock", request=two),
        desk.post("forbid", request=one, slot="s6"),
        desk.post("allow", request=one, slot="s6"),
    ]
    done = ["add", "swap", "cancel", "unlock", "lock", "forbid", "allow"]
    assert [each["kind"] for each in kinds] == done
    card = desk.program.get("/drafts/2")
    assert (card["state"], card["base"], card["done"], card["revision"]) == ("draft", 1, 8, 8)
    assert card["steps"][0]["by"] == hall.expo.organiser.email
    assert desk.with_scopes("schedule:read").get("/drafts/2")["steps"][0]["by"] is None
    end = desk.meetings()
    for _ in range(8):
        desk.post("undo")
    assert desk.meetings() == start
    desk.post("undo", status=409)
    for _ in range(8):
        desk.post("redo")
    assert desk.meetings() == end


def test_what_breaks_a_rule_or_meets_another_s_step_is_refused(database: Database, broker_url: str) -> None:
    desk = Desk(database, broker_url)
    hall, start = desk.hall, desk.meetings()
    refused = desk.post("place", status=409, targets=[target(hall.one, "s2", "t0")])
    assert refused["type"] == "urn:chainmeet:error:breaks-rules"
    assert refused["detail"] == "F0-P0 is in Hall 1 at 10:30. The walk takes 5 minutes, but there are only 0."
    assert desk.meetings() == start
    desk.post("lock", request=hall.one.key)
    late = desk.post("place", status=409, targets=[target(hall.one, "s1", "t0")], expected_revision=0)
    assert late["type"] == "urn:chainmeet:error:changed-meanwhile"
    assert hall.expo.organiser.email in late["detail"]
    unnamed = desk.with_scopes("drafts:write")
    body = {"request": hall.one.key, "expected_revision": 0}
    assert "@" not in unnamed.post("/drafts/2/cancel", body, status=409)["detail"]
    desk.post("place", status=422, targets=[])
    desk.post("place", status=404, targets=[target(hall.one, "s99", "t0")])
    desk.program.post("/drafts/1/undo", {}, status=404)
    desk.with_scopes("schedule:publish").post("/drafts/2/undo", {}, status=403)


def test_a_worker_begins_a_draft(database: Database, broker_url: str) -> None:
    desk = Desk(database, broker_url)
    desk.program.get("/versions/1/manual-draft", status=404)
    asked = desk.program.send("/versions/1/manual-draft")
    assert (asked.status_code, asked.headers["Location"]) == (202, "/api/v1/versions/1/manual-draft")
    carry_out(database)
    done = desk.program.get("/versions/1/manual-draft")
    assert (done["state"], done["draft"]) == ("done", 3)
    assert desk.program.get("/drafts/3")["done"] == 0
    desk.program.get("/drafts/1", status=404)
