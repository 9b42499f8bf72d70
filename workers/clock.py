"""Scheduler: runs scheduled jobs, without depending on the broker or its queues."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog
from celery import Celery
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.plugins import SUBSCRIBERS
from scheduler.plugins.loading import load
from scheduler.services.delivery import claims, delivery, email_alerts, refusal_handling
from scheduler.services.delivery.mail_check import daily_check
from scheduler.services.emails.inbound import flood_alerts as inbox_flood
from scheduler.services.emails.inbound import inbox
from scheduler.services.events.archives import deletion
from scheduler.services.identity import oidc_sign_in, passkeys, sessions, sign_in
from scheduler.services.imports.bulk_import import import_jobs
from scheduler.services.operations import (
    checkpoint_emails,
    job_intervals,
    passkey_alerts,
    restored_copy,
    site_pause,
    subscribers,
)
from scheduler.services.participants.registration import flood as registration_flood
from scheduler.services.planning.runs import overnight, recovery
from scheduler.services.planning.scenarios import scenario_queue
from scheduler.services.privacy import pruning
from scheduler.services.publishing import version_jobs
from scheduler.services.requests import requests
from scheduler.services.requests.digests import digest_sending
from scheduler.services.webhooks import sending
from scheduler.storage.database import Database
from scheduler.storage.engines import on_disk_full
from scheduler.storage.schema_gate import SchemaGate
from scheduler.watchdog import Watchdog
from workers import dispatch, worker_registry

FETCH = timedelta(seconds=60)
TICKS_A_DIGEST = 4
DIGEST_TURNS = 10
PRUNE = "prune"
JOURNAL = timedelta(minutes=5)
CHECKPOINTS = timedelta(hours=1)
PACKS = timedelta(minutes=5)
INVARIANTS = timedelta(days=1)
MAIL_CHECK = timedelta(days=1)
SIGNALS = timedelta(minutes=1)
MAIL_CHECK_AT_START = timedelta(hours=1)
"""A clock that starts has the check repeated if the last one is this old."""
REFETCH = timedelta(minutes=5)
"""How often the scheduler looks for linked calendars that are due. Each is fetched hourly."""

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Clock:
    """Runs scheduled jobs of one database. If several run, exactly one executes each tick."""

    database: Database
    settings: Settings
    celery: Celery | None = None

    def run(self, stop: threading.Event, watchdog: Watchdog) -> None:
        """Tick until `stop` is set. Exceptions are logged. The watchdog exits if the loop hangs."""
        gate = SchemaGate(self.database)
        on_disk_full(self.database.engine, partial(worker_registry.say_disk_full, self.settings.redis_url))
        has_started = False
        while not stop.is_set():
            watchdog.pulse()
            try:
                if gate.why() is None:
                    if not has_started:
                        self._check_mail(MAIL_CHECK_AT_START)
                        has_started = True
                    self.tick()
            except Exception as error:
                log.warning("no tick", error=f"{type(error).__name__}: {error}"[:300])
            stop.wait(1.0)
        watchdog.rest()

    def tick(self) -> bool:
        """Run the steps that are due. A failing step does not stop the others. Return False if the tick was
        not due.
        """
        tick = timedelta(seconds=self.settings.tick_seconds)
        if not self._claim(job_intervals.TICK, tick):
            return False
        now, rates = self.database.now, self.settings.rates
        self._watch_journal()
        self._step("queue reruns", lambda session: overnight.queue_due_runs(session, now=now()))
        for run_id in self._step("find runs to send", lambda s: recovery.recover_runs(s, now=now())) or ():
            dispatch.run(self.database, run_id, app=self.celery)
        if self._step(
            "find what-ifs", lambda session: scenario_queue.is_scenario_waiting(session, now=now())
        ):
            dispatch.solve_scenario(app=self.celery)
        left = self._step("recover jobs", lambda session: version_jobs.recover_lost_jobs(session, now=now()))
        for job_id in left or ():
            dispatch.version_job(job_id, app=self.celery)
        for file_id in (
            self._step("recover files", lambda session: import_jobs.recover_jobs(session, now=now())) or ()
        ):
            dispatch.import_file(file_id, app=self.celery)
        if self._step(
            "find deleted events", lambda session: deletion.is_deletion_pending(session, now=now())
        ):
            dispatch.delete_rows(app=self.celery)
        self._step("expire requests", lambda session: requests.expire_requests(session, now=now()))
        self._step("return mails of lost senders", lambda session: claims.requeue_stale(session, now=now()))
        self._step(
            "forget ended sessions", lambda session: sessions.delete_ended_sessions(session, now=now())
        )
        self._step(
            "forget requests to sign in with a provider",
            lambda session: oidc_sign_in.delete_expired_requests(session, now=now()),
        )
        self._step(
            "forget challenges of passkeys",
            lambda session: passkeys.delete_expired_challenges(session, now=now()),
        )
        self._step(
            "end alerts of passkeys", lambda session: passkey_alerts.end_copy_alerts(session, now=now())
        )
        self._step(
            "answer wishes to sign in",
            lambda session: (
                0
                if site_pause.is_paused(session)
                else sign_in.process_sign_in_requests(session, self.settings, now=now())
            ),
        )
        if self._claim("digests", TICKS_A_DIGEST * tick):
            self._make_digests()
        if self._step(
            "find urgent mails", lambda session: claims.is_email_due(session, urgent=True, now=now())
        ):
            dispatch.deliver_urgent(app=self.celery)
        self._step(
            "end alerts of mails",
            lambda session: refusal_handling.end_route_alerts(session, rates, now=now()),
        )
        if self._step(
            "find mails", lambda session: delivery.is_delivery_due(session, self.settings, now=now())
        ):
            dispatch.deliver(app=self.celery)
        self._step("watch the outbox", lambda session: email_alerts.update_outbox_alert(session, now=now()))
        self._step(
            "watch registrations", lambda session: registration_flood.update_flood_alerts(session, now=now())
        )
        self._step("watch addresses", lambda session: inbox_flood.update_flood_alerts(session, now=now()))
        self._do_rare_jobs()
        self._send_interval_tasks()
        subscribed = load(SUBSCRIBERS).keys()
        if self._step("find entries to give", lambda s: subscribers.is_waiting(s, subscribed, now=now())):
            dispatch.notify_subscribers(app=self.celery)
        if self._step("find webhook messages", lambda session: sending.is_sending_due(session, now=now())):
            dispatch.send_webhooks(app=self.celery)
        if self._step(
            "find mails without a judgement", lambda session: inbox.find_unjudged(session, now=now())
        ):
            dispatch.judge(app=self.celery)
        return True

    def _send_interval_tasks(self) -> None:
        """Send the tasks that look for due work themselves."""
        if self.settings.imap_host and self._claim("fetch", FETCH):
            dispatch.fetch(app=self.celery)
        if self.settings.pack_folder and self._claim("packs", PACKS):
            dispatch.make_packs(app=self.celery)
        if self._claim("refetch", REFETCH):
            dispatch.refetch(app=self.celery)
        if self._claim_prune():
            dispatch.prune(app=self.celery)

    def _claim_prune(self) -> bool:
        """Claim the nightly deletion. The first one of a database waits until it is due again."""
        with self.database.write() as session:
            now = self.database.now_in(session)
            if job_intervals.last_run_at(session, PRUNE) is None:
                job_intervals.record_run(session, PRUNE, now=now)
                return False
            since_due = now - pruning.last_prune_due(self.settings, now) + timedelta(microseconds=1)
            return job_intervals.claim_interval(session, PRUNE, every=since_due, now=now)

    def _watch_journal(self) -> None:
        """Pause the site if its database is a copy. Otherwise note in the journal how far the database is."""
        try:
            if restored_copy.pause_if_copied(self.database, self.settings, now=self.database.now()):
                restored_copy.record_live_secrets(self.database, self.settings)
                if self._claim("journal", JOURNAL):
                    restored_copy.record_state(self.database, self.settings, now=self.database.now())
        except OSError:
            log.exception("the journal is not written")

    def _do_rare_jobs(self) -> None:
        """Run the jobs that are due each minute or less often."""
        if (self.settings.heartbeat_webhook or self.settings.alert_webhook) and self._claim(
            "signals", SIGNALS
        ):
            dispatch.send_signals(app=self.celery)
        if self._claim("checkpoints", CHECKPOINTS):
            self._step(
                "mail checkpoints",
                lambda s: checkpoint_emails.queue_checkpoints(s, self.settings, now=self.database.now()),
            )
        if self._claim(job_intervals.INVARIANTS, INVARIANTS, is_first_due=False):
            dispatch.check_invariants(app=self.celery)
        self._check_mail(MAIL_CHECK)

    def _check_mail(self, every: timedelta) -> None:
        if daily_check.is_checked(self.settings) and self._claim(job_intervals.MAIL_CHECK, every):
            dispatch.check_mail(app=self.celery)

    def _make_digests(self) -> None:
        """Queue digests in several transactions, so that thousands of them do not block other writers for
        long.
        """
        for _ in range(DIGEST_TURNS):
            if not self._step(
                "make digests",
                lambda s: digest_sending.queue_due_digests(s, self.settings, now=self.database.now()),
            ):
                break

    def _claim(self, name: str, every: timedelta, *, is_first_due: bool = True) -> bool:
        """Return True if the job is due. Without `is_first_due`, its first interval starts now."""
        with self.database.write() as session:
            counts = is_first_due or job_intervals.last_run_at(session, name) is not None
            claimed = job_intervals.claim_interval(session, name, every=every, now=self.database.now())
            return claimed and counts

    def _step(self, what: str, do: Callable[[Session], T]) -> T | None:
        try:
            with self.database.write() as session:
                done = do(session)
        except Exception:
            log.exception("step of a tick failed", step=what)
            return None
        if done:
            log.info("tick", step=what, done=done)
        return done
