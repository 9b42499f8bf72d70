"""The pictures of the documentation: pages of an invented expo, drawn by Chromium.

`make pictures` writes them to docs/pictures. The event, its plan and the clock are the same each time, and so
are the files, as long as Chromium and its fonts are.
"""

from __future__ import annotations

import shutil
import struct
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pymupdf
import pytest
from playwright.sync_api import Page, ViewportSize, sync_playwright
from sqlalchemy import func, select

from chainmeet.demo.load import load
from scheduler.domain.entities import PlaceKind, RequestState, Side, VersionState
from scheduler.domain.solving import SolveParams
from scheduler.samples.expo import make_expo
from scheduler.services.access import sign_in
from scheduler.services.problems import snapshot
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from scheduler.sheets.writing import Cell, SheetOut, xlsx
from scheduler.solver.solve import solve
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
    Attendee,
    Firm,
    MeetingRequest,
    Place,
    PlaceBusy,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)
from scheduler.storage.schema import upgrade
from tests.support import clocks
from tests.support.everything import serving
from tests.support.factories import SECRET_KEY
from tests.support.publishing import carry_out, publish_version
from tests.support.web import web_app

NOW = datetime(2027, 6, 8, 7, 30, tzinfo=UTC)
"""Two weeks before the expo."""
ORGANISER = "duan.rui@organiser.example"
FIRMS, REQUESTS = 60, 420
MOVES = SolveParams(iterations=30_000, workers=1, seed=1)
LANGUAGES = ("en", "zh", "hu")
DESK, PHONE = (1280, 860), (390, 844)
WINDOW: ViewportSize = {"width": DESK[0], "height": DESK[1]}
COLOURS = 160
"""Of a picture: more are not told apart, and make the files large."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, whose page it is, its path in the event, the size of the window, the language."""

    name: str
    who: str
    path: str
    size: tuple[int, int] = DESK
    language: str = "en"

    @property
    def file(self) -> str:
        """Its name in docs/pictures."""
        return f"{self.name}.png" if self.language == "en" else f"{self.language}/{self.name}.png"


OF_GUIDE = (
    Shot("start", "exhibitor", "/start"),
    Shot("directory", "exhibitor", "/firms"),
    Shot("my-day", "exhibitor", "/my-day", PHONE),
)
SHOTS = (
    Shot("home", "organiser", ""),
    Shot("venue", "organiser", "/venue"),
    Shot("board", "organiser", "/board"),
    Shot("changes", "organiser", "/versions/2/changes"),
    Shot("fairness", "organiser", "/versions/1/fairness"),
    *(replace(shot, language=language) for language in LANGUAGES for shot in OF_GUIDE),
)


class PicturedExpo:
    """An expo with a published plan, and a draft after some days of answers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.write() as session:
            sample = make_expo(firms=FIRMS, requests=REQUESTS)
            event = load(session, sample, organiser_email=ORGANISER, secret_key=SECRET_KEY, now=NOW)
            self.id, self.key = event.id, event.key
        self._plan()
        with database.write() as session:
            publish_version(session, event_id=self.id, number=1, compared_with=None, now=NOW)
        self._some_days_pass()
        self._plan()
        with database.write() as session:
            version_jobs.ask_to_compare(session, versions.get(session, self.id, 2), by=None, now=NOW)
        carry_out(database)

    def _plan(self) -> None:
        with self.database.write() as session:
            plan = solve(snapshot.take(session, self.id, now=NOW), MOVES).plan
            versions.store_draft(session, event_id=self.id, run_id=None, plan=plan, now=NOW)

    def _some_days_pass(self) -> None:
        """Some requests are answered, some are withdrawn, and a table is closed on the first morning."""
        with self.database.write() as session:
            of_event = (
                select(MeetingRequest).where(MeetingRequest.event_id == self.id).order_by(MeetingRequest.id)
            )
            pending = session.scalars(of_event.where(MeetingRequest.state == RequestState.PENDING)).all()
            held = session.scalars(of_event.where(MeetingRequest.state == RequestState.ACCEPTED)).all()
            for request in pending[: len(pending) // 2]:
                request.state, request.answered_at, request.answered_side = (
                    RequestState.ACCEPTED,
                    NOW,
                    Side.TO,
                )
            for request in held[::60]:
                request.state, request.answered_at = RequestState.WITHDRAWN, NOW
            table = session.scalars(
                select(Place)
                .where(Place.event_id == self.id, Place.kind == PlaceKind.TABLE)
                .order_by(Place.id)
            ).first()
            morning = session.scalars(select(Slot).where(Slot.of(self.id)).order_by(Slot.position).limit(4))
            if table is not None:
                session.add_all(PlaceBusy(place_id=table.id, slot_id=slot.id) for slot in morning)

    def account(self, who: str) -> int:
        """The organiser's account, or that of the exhibitor with most meetings."""
        with self.database.read() as session:
            if who == "organiser":
                return session.scalars(select(Account.id).where(Account.email == ORGANISER)).one()
            return session.scalars(
                select(Attendee.account_id)
                .join(PlannedAttendee, PlannedAttendee.attendee_id == Attendee.id)
                .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
                .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
                .where(ScheduleVersion.event_id == self.id, ScheduleVersion.state == VersionState.PUBLISHED)
                .where(Attendee.is_exhibitor)
                .group_by(Attendee.id)
                .order_by(func.count().desc(), Attendee.id)
                .limit(1)
            ).one()

    def link(self, who: str) -> str:
        account_id = self.account(who)
        with self.database.write() as session:
            return (
                f"/sign-in/{sign_in.make_sign_in_link(session, account_id, secret_key=SECRET_KEY, now=NOW)}"
            )

    def workbook(self) -> bytes:
        """Firms as a partner sends them: some changed, some new, and some words that are not quite right."""
        with self.database.read() as session:
            firms = session.scalars(select(Firm).where(Firm.event_id == self.id).order_by(Firm.id)).all()
            rows: list[list[Cell]] = [
                [firm.key, firm.name, firm.country, firm.tier.value, firm.max_per_day or ""] for firm in firms
            ]
        for row in rows[3:12]:
            row[4] = 8
        for at in (20, 24, 31):
            rows[at][2] = "Hungry"
        rows[40][2], rows[44][3] = "Corea", "upstrem"
        new: list[list[Cell]] = [
            ["", f"Danube Cell {number}", "Magyarország", "上游", 6] for number in range(1, 6)
        ]
        return xlsx(
            [SheetOut("Firms", ["Key", "Firm name", "Land", "Tier", "Meetings a day"], [*rows, *new])]
        )


@contextmanager
def expo_site(folder: Path) -> Iterator[tuple[PicturedExpo, str]]:
    """The expo, and the address of a server of it whose clock stands."""
    database = Database(f"sqlite:///{folder}/pictures.db")
    upgrade(database)
    with pytest.MonkeyPatch.context() as patch:
        clocks.hold(patch, NOW)
        expo = PicturedExpo(database)
        with serving(web_app(database, "redis://127.0.0.1:1")) as site:
            yield expo, site


def draw(folder: Path) -> None:
    """Write every picture into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        sys.exit("Install Chromium to draw the pictures (on Debian: apt install chromium).")
    with (
        tempfile.TemporaryDirectory() as made,
        expo_site(Path(made)) as (expo, site),
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for who, language in dict.fromkeys((shot.who, shot.language) for shot in SHOTS):
            page = browser.new_page(viewport=WINDOW, color_scheme="light", locale=language)
            page.goto(site + expo.link(who))
            page.locator("main form button").first.click()
            for shot in SHOTS:
                if (shot.who, shot.language) == (who, language):
                    page.goto(f"{site}/events/{expo.key}{shot.path}")
                    _draw(page, folder / shot.file, shot.size)
            if who == "organiser":
                _show_import(page, f"{site}/events/{expo.key}/imports/", expo.workbook())
                _draw(page, folder / "import.png", DESK)
        browser.close()


def _show_import(page: Page, address: str, workbook: bytes) -> None:
    page.goto(address)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files(
        "input[type=file]", {"name": "exhibitors-june.xlsx", "mimeType": kind, "buffer": workbook}
    )
    page.get_by_role("button", name="See what it would do").click()


def _draw(page: Page, file: Path, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_load_state("networkidle")
    pixels = pymupdf.Pixmap(page.screenshot(animations="disabled", caret="hide"))
    octets = small_png(
        np.frombuffer(pixels.samples, np.uint8).reshape(pixels.h, pixels.w, pixels.n)[:, :, :3]
    )
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(octets)


def small_png(rgb: npt.NDArray[np.uint8]) -> bytes:
    """A PNG with a palette.

    Parameters
    ----------
    rgb
        height x width x 3. Its `COLOURS` most frequent colours are kept, the others become the nearest.
    """
    height, width, _ = rgb.shape
    packed = rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    colours, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:COLOURS]
    palette = np.stack([colours[order] >> 16, colours[order] >> 8 & 255, colours[order] & 255], 1).astype(
        np.int32
    )
    every = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], 1).astype(np.int32)
    nearest = np.array([((palette - colour) ** 2).sum(1).argmin() for colour in every], np.uint8)
    rows = nearest[where.reshape(height, width)]
    lines = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        + chunk(b"IDAT", zlib.compress(lines, 9))
        + chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
