"""The corpus of client dialects, each about a real invitation: outcomes as in the table."""

from __future__ import annotations

from sqlalchemy import select

from scheduler.domain.entities import MailKind, MailOutcome, Partstat
from scheduler.services.emails.inbound import inbox
from scheduler.services.problems import snapshot
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, InboundEmail, OutboxEmail
from tests.support import dialects, replies
from tests.support.published import CORPUS, LATER, Published
from tests.support.publishing import SETTINGS
from tests.unit.invites.test_inbound_corpus import FOLDER, OUTCOMES

Became = tuple[MailKind, MailOutcome, str]
EXPECTED: dict[str, Became] = {
    name: (kind, outcome, effect) for name, (kind, _, outcome, effect) in OUTCOMES.items()
}


def test_every_dialect_does_to_its_meeting_what_the_table_says(database: Database) -> None:
    events = invited(database)
    for name, published in events.items():
        assert inbox.receive_email(database, SETTINGS, *mail_of(name, published), now=LATER)
    assert became(events) == EXPECTED


def invited(database: Database) -> dict[str, Published]:
    """Return an event for every email of the corpus, so that none affects another."""
    return {path.stem: Published(database) for path in CORPUS}


def mail_of(name: str, published: Published) -> tuple[str, bytes]:
    """Return the recipient address of a corpus email, and the email adapted to firm 0's meeting."""
    row, raw = published.mail_to(0), (FOLDER / f"{name}.eml").read_bytes()
    return replies.address(row, dialects.box(raw)), dialects.addressed(raw, row)


def became(events: dict[str, Published]) -> dict[str, Became]:
    """Return kind, outcome and effect of the only email of each event."""
    return {name: (*judged(published), effect(published)) for name, published in events.items()}


def judged(published: Published) -> tuple[MailKind, MailOutcome]:
    of_person = InboundEmail.attendee_id == published.person(0).id
    with published.database.read() as session:
        mail = session.scalars(select(InboundEmail).where(of_person)).one()
        return mail.kind, mail.outcome


def effect(published: Published) -> str:
    """Return the effect of an email, or "" without one."""
    answer, person = published.known(0), published.person(0)
    found = [answer.partstat.value] if answer and answer.partstat is not Partstat.NEEDS_ACTION else []
    with published.database.read() as session:
        requests = snapshot.build_problem(session, published.expo.event.id, now=LATER).requests
        found += [f"slots {list(each.slots)}" for each in requests if each.slots is not None]
        found += ["bounced"] if session.get_one(Attendee, person.id).bounced_at else []
        mails = select(OutboxEmail).where(OutboxEmail.attendee_id == person.id).order_by(OutboxEmail.id)
        _, *sent = session.scalars(mails)
        found += [row.payload["method"] for row in sent if row.method]
    return ", ".join(found)
