"""A killed sender: every email arrives, only the one in flight twice, and its copy is identical."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from scheduler.config import Settings
from scheduler.domain.entities import VersionState
from scheduler.services.delivery import claims, delivery
from scheduler.services.outbox import outbox
from scheduler.storage.database import Database
from tests.faults.auditor import Auditor
from tests.faults.sender import NTH, STEPS
from tests.support.factories import Expo, make_event, make_request, make_version, meet
from tests.support.publishing import publish_version
from tests.support.workers import ROOT, settings_for
from tests.unit.invites.test_transport import Catcher, serving

pytestmark = pytest.mark.smtp

MAILS = 12
"""The email during which the sender dies."""
LOST = timedelta(seconds=2 * claims.CLAIM_SECONDS + 1)
"""After this time, a silent sender counts as dead."""


@dataclass
class Deadly(Catcher):
    """Kills the sender at an email: when it begins, or after acceptance before the sender gets the reply."""

    victim: subprocess.Popen[bytes] | None = None
    before: bool = True
    begun: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.begun.append(address)
        if self.before and len(self.begun) == NTH:
            self.kill()
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if not self.before and len(self.taken) == NTH:
            self.kill()
        return answer

    def kill(self) -> None:
        assert self.victim is not None
        self.victim.kill()
        self.victim.wait()


def start_sender(settings: Settings, log: Path, *steps: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sender", *steps],
            env={**os.environ, **settings.to_env()},
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )


def send_again(database: Database, settings: Settings) -> None:
    """Send what is due three minutes later, here instead of in a process, as this sender survives."""
    minutes = timedelta(minutes=3)
    delivery.deliver_emails(database, settings, worker="survivor", now=lambda: database.now() + minutes)


def publish(database: Database, settings: Settings, now: datetime) -> Expo:
    """Create an event whose first publication notifies `MAILS` people."""
    with database.write() as session:
        expo = make_event(session, firms=MAILS, slots="4", tables=MAILS // 2, mail_per_minute=60_000)
        asked = [make_request(session, expo, i, i + 1) for i in range(0, MAILS, 2)]
        held = [meet(request, expo, place=table) for request, table in zip(asked, expo.tables, strict=True)]
        draft = make_version(session, expo, held, state=VersionState.DRAFT)
        published = publish_version(
            session,
            event_id=expo.event.id,
            number=draft.number,
            compared_with=None,
            by=None,
            settings=settings,
            now=now,
        )
        assert published == MAILS
        return expo


@pytest.mark.parametrize(
    ("before", "doubled"), [(True, 0), (False, 1)], ids=["as it begins a mail", "with a mail in flight"]
)
def test_mails_of_a_killed_sender_all_arrive_and_only_the_one_in_flight_twice(
    database: Database, tmp_path: Path, before: bool, doubled: int
) -> None:
    now = database.now()
    log = tmp_path / "sender.log"
    with serving(Deadly(before=before)) as catcher:
        settings = settings_for(database, "redis://127.0.0.1:1", smtp_port=catcher.port)
        expo = publish(database, settings, now)

        def counts() -> outbox.OutboxCounts:
            with database.read() as session:
                return outbox.count_mails(session, expo.event.id)

        catcher.victim = start_sender(settings, log)
        assert catcher.victim.wait(120) == -9, log.read_text()
        assert counts() == outbox.OutboxCounts(queued=0, sending=MAILS - NTH + 1, sent=NTH - 1, failed=0)
        with database.write() as session:
            assert claims.requeue_stale(session, now=now) == 0
            assert claims.requeue_stale(session, now=database.now() + LOST) == MAILS - NTH + 1
        catcher.before = True
        catcher.begun = ["already dead"] * NTH
        send_again(database, settings)
        assert counts() == outbox.OutboxCounts(queued=0, sending=0, sent=MAILS, failed=0)
    assert Auditor(database, catcher.taken).breaches(in_flight=doubled) == []
    assert len(catcher.taken) == MAILS + doubled


@pytest.mark.parametrize("step", STEPS)
def test_a_sender_killed_at_any_step_loses_no_mail_and_makes_no_new_one(
    database: Database, tmp_path: Path, step: str
) -> None:
    log = tmp_path / "sender.log"
    sent = {"connected": 0, "committed": NTH}.get(step, NTH - 1)
    doubled = 1 if step in ("taken by the server", "marked, not committed") else 0
    with serving(Catcher()) as catcher:
        settings = settings_for(database, "redis://127.0.0.1:1", smtp_port=catcher.port)
        expo = publish(database, settings, database.now())
        assert start_sender(settings, log, step).wait(120) == -9, log.read_text()
        with database.write() as session:
            assert outbox.count_mails(session, expo.event.id).sent == sent
            lost = claims.requeue_stale(session, now=database.now() + LOST)
            assert lost == (0 if step == "connected" else MAILS - sent)
        send_again(database, settings)
        with database.read() as session:
            assert outbox.count_mails(session, expo.event.id).sent == MAILS
    assert Auditor(database, catcher.taken).breaches(in_flight=doubled) == []
    assert len(catcher.taken) == MAILS + doubled
