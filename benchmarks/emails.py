"""Emails and feeds: rate of writing the outbox at publication, of rendering and signing emails, and of feeds.

    python -m benchmarks.emails [--full] [--only WORD...] [--out benchmarks/results]

An expo is generated and planned (first fit). Its plan is published in a new SQLite file, sent, and published
again. By default 100 meetings, with --full 8,000. A feed has 1,000. --only repeats some rows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from benchmarks import plain_ical
from benchmarks.instances import wanted
from benchmarks.machine import RESULTS, commit, machine
from benchmarks.peers import first_fit
from benchmarks.report import Json, line, merged, stem, write_json
from chainmeet.demo import load_sample
from scheduler.config import Settings
from scheduler.domain.entities import OutboxKind, OutboxState, RequestState, VersionState
from scheduler.domain.plan import Meeting
from scheduler.invites.ical.itip import ItipMessage
from scheduler.invites.transport import dkim
from scheduler.invites.transport.dkim import DkimKey
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.secret_keys import SecretKeys
from scheduler.services.delivery import claims, rendering, sent_records
from scheduler.services.publishing import job_execution, version_jobs
from scheduler.services.schedule import feeds, versions
from scheduler.services.schedule.feed_addresses import build_owner
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Invitation,
    OutboxEmail,
    ScheduleVersion,
    VersionJob,
)
from scheduler.storage.schema import upgrade_schema

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
QUICK, WHOLE = (30, 150, 100), (620, 11_000, 8_000)
"""Firms, requests, meetings."""
_SENT = update(OutboxEmail).where(OutboxEmail.state == OutboxState.SENDING).values(state=OutboxState.SENT)
FEED = 1_000  # meetings
REPEATS = 3
PEERS = 1_000  # calendars that the peer renders
PDFS = 200  # summaries that are rendered
WITH_PDF = (OutboxKind.SUMMARY, OutboxKind.BRIEFING)
PLAIN = {"icalendar alone, no mail, no zone": False, "icalendar alone, no mail": True}
"""Rows of the peer, and whether it writes a VTIMEZONE."""
KEYS = ("row", "meetings")
HEADINGS = ("row", "meetings", "made", "seconds", "CPU seconds", "a second", "ms an answer")
WIDTHS = (-34, 8, 7, 8, 11, 8, 12)


@dataclass(slots=True)
class Stage:
    """An event with a plan, in its own database."""

    database: Database
    settings: Settings
    event_id: int
    meetings: list[Meeting]


@dataclass(frozen=True, slots=True)
class Spent:
    """A number of items, with the wall and CPU seconds that they took."""

    made: int
    seconds: float
    cpu: float


def spent(step: Callable[[], int], repeats: int = 1) -> Spent:
    """Return the fastest of several runs of a step, which returns its number of items."""
    runs = []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        made = step()
        runs.append(Spent(made, time.perf_counter() - wall, time.process_time() - cpu))
    return min(runs, key=lambda run: run.cpu)


@contextmanager
def stage(firms: int, requests: int, meetings: int) -> Iterator[Stage]:
    """Create the event, its requests and its plan, unpublished."""
    expo = make_expo(firms=firms, requests=requests, seed=1)
    accepted = {request.key for request in expo.requests if request.state is RequestState.ACCEPTED}
    planned = [one for one in first_fit.plan(to_problem(expo), 60.0) if one.request in accepted][:meetings]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'mails.db'}"
        settings = Settings(
            database_url=url, redis_url="redis://127.0.0.1:1", secret_key=SecretKeys("k" * 40)
        )
        database = Database(url)
        upgrade_schema(database)
        with database.write() as session:
            event = load_sample.load(
                session, expo, organiser_email="o@expo.example", secret_key=settings.secret_key, now=NOW
            )
        yield Stage(database, settings, event.id, planned)
        database.dispose()


def publish(stage: Stage) -> int:
    """Publish the plan in place of the previous version. Return the number of emails."""
    with stage.database.write() as session:
        number = _draft(session, stage)
        job = version_jobs.request_publishing(
            session,
            event_id=stage.event_id,
            number=number,
            compared_with=number - 1 or None,
            by=None,
            now=NOW,
        )
    job_execution.execute_job(stage.database, job.id, worker="w", settings=stage.settings)
    with stage.database.read() as session:
        return session.get_one(VersionJob, job.id).mails


def _draft(session: Session, stage: Stage) -> int:
    number = versions.next_number(session, stage.event_id)
    draft = ScheduleVersion(
        event_id=stage.event_id,
        number=number,
        state=VersionState.DRAFT,
        status="feasible",
        score=0.0,
        terms={},
        unscheduled=[],
        created_at=NOW,
    )
    session.add(draft)
    session.flush()
    versions.store_meetings(session, draft, stage.meetings)
    return number


def tell(stage: Stage) -> list[OutboxEmail]:
    """Return all queued emails, claimed as senders do and marked as sent."""
    rows: list[OutboxEmail] = []
    while True:
        with stage.database.write() as session:
            session.get_one(Event, stage.event_id).mail_ready_at = None
            taken = claims.claim_emails(
                session,
                worker="w",
                limit=1_000,
                secret_key=stage.settings.secret_key,
                now=stage.database.now(),
            )
            session.execute(_SENT)
        rows += taken
        if not taken:
            return rows


def render(stage: Stage, rows: Sequence[OutboxEmail]) -> int:
    for row in rows:
        rendering.render_invitation_email(stage.settings, row)
    return len(rows)


def make_keys(domain: str) -> list[DkimKey]:
    """Return a new RSA key of 2,048 bits, and an Ed25519 key."""
    large = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    return [DkimKey(domain, "s1", large), DkimKey(domain, "s2", Ed25519PrivateKey.generate())]


def sign(emails: Sequence[bytes], keys: Sequence[DkimKey]) -> int:
    for each in emails:
        dkim.signed(each, keys)
    return len(emails)


def render_summaries(stage: Stage, rows: Sequence[OutboxEmail]) -> int:
    for row in rows:
        rendering.render_email(stage.settings, row, {})
    return len(rows)


def render_plainly(stage: Stage, rows: Sequence[OutboxEmail], *, zones: bool) -> int:
    """Render only the calendars with the peer library."""
    for row in rows[:PEERS]:
        organizer = f"meetings+{sent_records.address_token(row, stage.settings.secret_key)}@expo.example"
        message = ItipMessage.from_json(row.payload)
        plain_ical.calendar(message, organizer, row.to_address, row.to_name, zones=zones)
    return len(rows[:PEERS])


def crowd(stage: Stage) -> tuple[Attendee, Firm]:
    """Make two people of a firm attendees of up to 1,000 meetings. Return one of them and the firm."""
    with stage.database.write() as session:
        firm = session.scalars(select(Firm).where(Firm.event_id == stage.event_id).limit(1)).one()
        people = session.scalars(select(Attendee).where(Attendee.firm_id == firm.id)).all()
        session.execute(delete(Invitation).where(Invitation.attendee_id.in_([each.id for each in people])))
        sides = session.execute(
            select(func.min(Invitation.id), func.max(Invitation.id))
            .group_by(Invitation.uid)
            .having(func.count() > 1)
            .limit(FEED)
        ).all()
        for person, ids in zip(people, zip(*sides, strict=True), strict=False):
            session.execute(update(Invitation).where(Invitation.id.in_(ids)).values(attendee_id=person.id))
        return people[0], firm


def answer(stage: Stage, row: Attendee | Firm) -> int:
    """Render a feed as the web server does, from the query to the bytes. Return its number of meetings."""
    with stage.database.read() as session:
        url = "https://meet.example/calendar/abc.ics"
        return feeds.render_feed(session, build_owner(row), url=url, now=NOW).count(b"BEGIN:VEVENT")


def measure(stage: Stage, only: Sequence[str]) -> Iterator[tuple[str, Spent]]:
    """Yield the rows as they complete. Steps that all need are always executed."""

    def row(name: str, step: Callable[[], int], repeats: int = 1) -> Iterator[tuple[str, Spent]]:
        if wanted(name, only):
            yield name, spent(step, repeats)

    yield "publish: write the outbox", spent(lambda: publish(stage))
    told = tell(stage)
    mails = [mail for mail in told if mail.kind == OutboxKind.INVITATION]
    summed_up = [mail for mail in told if mail.kind in WITH_PDF][:PDFS]
    yield from row("publish the same plan again", lambda: publish(stage))
    yield from row("render mails", lambda: render(stage, mails), REPEATS)
    yield from row("render summaries, with PDF", lambda: render_summaries(stage, summed_up), REPEATS)
    rendered = [rendering.render_invitation_email(stage.settings, mail).data for mail in mails[:PEERS]]
    for kinds in (1, 2):
        keys = make_keys(stage.settings.mail_domain)[:kinds]
        name = "sign mails, " + " and ".join(key.algorithm.partition("-")[0] for key in keys)
        yield from row(name, partial(sign, rendered, keys), REPEATS)
    for name, zones in PLAIN.items():
        yield from row(name, partial(render_plainly, stage, mails, zones=zones))
    person, firm = crowd(stage)
    for name, owner in (("a person's feed", person), ("a firm's feed", firm)):
        step = partial(answer, stage, owner)
        yield from row(f"{name}, the first time", step)
        yield from row(f"{name}, again", step, REPEATS)


def as_json(name: str, meetings: int, found: Spent) -> Json:
    return {
        "row": name,
        "meetings": meetings,
        "made": found.made,
        "seconds": round(found.seconds, 4),
        "cpu_seconds": round(found.cpu, 4),
        "commit": commit(),
    }


def shown(row: Json) -> str:
    """Return a table row: milliseconds per response for feeds, items a second for others."""
    is_feed = "feed" in row["row"]
    rate = None if is_feed or not row["made"] else round(row["made"] / row["cpu_seconds"])
    each = f"{row['cpu_seconds'] * 1000:.1f}" if is_feed else None
    cells = (row["row"], row["meetings"], row["made"], f"{row['seconds']:.2f}", f"{row['cpu_seconds']:.2f}")
    return line((*cells, rate, each), WIDTHS)


def ratios(rows: Sequence[Json]) -> str:
    """Return how many complete emails of ours take as long as one bare calendar of the peer."""
    each = {row["row"]: row["cpu_seconds"] / row["made"] for row in rows if row["made"]}
    ours = each.get("render mails")
    told = [
        f"our mails in the time of {name}: {each[name] / ours:.1f}" for name in PLAIN if ours and name in each
    ]
    return "\n".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="8,000 meetings, about two minutes")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="some rows only")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    path = options.out / f"{stem('emails', options.full)}.json"
    if not options.only:
        path.unlink(missing_ok=True)
    run(path, WHOLE if options.full else QUICK, {"full": options.full, **machine()}, options.only)


def run(path: Path, size: tuple[int, int, int], how: Json, only: Sequence[str] = ()) -> list[Json]:
    """Measure, print and write each row as it completes. Return the rows of the file."""
    print(line(HEADINGS, WIDTHS))
    rows: list[Json] = []
    with stage(*size) as made:
        for name, found in measure(made, only):
            row = as_json(name, len(made.meetings), found)
            print(shown(row), flush=True)
            rows = merged(path, [row], KEYS)
            write_json(path, {"how": how, "rows": rows})
    print(ratios(rows))
    return rows


if __name__ == "__main__":
    main()
