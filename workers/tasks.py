"""Celery tasks: each carries at most an id, reads the current state, and is idempotent."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import structlog
from celery import Task
from celery.exceptions import Ignore
from celery.signals import worker_process_init

from scheduler.config import Settings
from scheduler.domain.errors import NotFound
from scheduler.invites.busy import MAX_OCTETS
from scheduler.invites.errors import MailboxFailure
from scheduler.invites.transport.dns_lookup import DnsLookup
from scheduler.invites.transport.remote import Fetcher
from scheduler.plugins import SUBSCRIBERS
from scheduler.plugins.loading import load
from scheduler.services.availability import refetch as refetching
from scheduler.services.delivery import delivery, email_alerts
from scheduler.services.delivery.mail_check import daily_check, round_trip
from scheduler.services.emails.inbound import inbox, mailbox
from scheduler.services.events.archives import deletion
from scheduler.services.identity import sign_in
from scheduler.services.imports.bulk_import import import_execution, import_jobs
from scheduler.services.operations import invariants, outside_signals, site_pause, subscribers
from scheduler.services.operations.site_pause import SitePaused
from scheduler.services.planning.runs import recovery, runs
from scheduler.services.planning.scenarios import scenario_queue
from scheduler.services.privacy import pruning
from scheduler.services.publishing import job_execution, version_jobs
from scheduler.services.webhooks import sending
from scheduler.storage.database import Database
from scheduler.storage.engines import on_disk_full
from scheduler.storage.schema_gate import SchemaGate
from workers import board_queries, dispatch, worker_registry
from workers.celery_app import app
from workers.layout import JOBS, SOLVE
from workers.process_identity import is_gone, me
from workers.shutdown import is_stopping, is_time_up

log = structlog.get_logger()

DELIVER_SECONDS = 25.0
"""A delivery ends after this time and sends its successor, so that a shutdown need not wait long."""
RETRY_SECONDS = 5.0
"""Delay before the retry of a job that failed for an external reason."""


class _StandsBack(Task):
    """A task that is dropped during a database upgrade. The scheduler sends it again afterwards."""

    Request = "workers.received_tasks:ReceivedTask"

    def __call__(self, *args: Any, **options: Any) -> Any:
        if (why := _gate().why()) is not None:
            log.warning("task left", reason=str(why))
            raise Ignore
        return self.run(*args, **options)


_task = partial(app.task, base=_StandsBack)


@_task(name="chainmeet.solve", max_retries=2, default_retry_delay=5)
def solve(run_id: int) -> None:
    """Execute a queued run. A run in another state belongs to another worker."""
    structlog.contextvars.bind_contextvars(run=run_id)
    from scheduler.services.planning.runs import (
        execution,  # deferred: loads OR-Tools, which the mail worker never needs
    )

    done = execution.execute_run(
        _database(),
        run_id,
        worker=me(),
        settings=_settings(),
        should_stop=_must_put_back,
        call=dispatch.help_with,
    )
    log.info("solve ended", run=run_id, ending=str(done.ending), version=done.version)
    if done.job is not None:
        dispatch.version_job(done.job)
    if done.ending is execution.RunEnding.PUT_BACK:
        dispatch.run(_database(), run_id)
    if done.is_stuck:
        os.kill(os.getpid(), signal.SIGKILL)  # its thread would continue; the pool starts a new process


@_task(name="chainmeet.solve_scenario", max_retries=0)
def solve_scenario() -> None:
    """Solve the next queued scenario. It waits while any run is open; the scheduler then sends it again."""
    from scheduler.services.planning.scenarios import scenario_execution  # as above

    done = scenario_execution.execute_scenario(_database(), settings=_settings(), should_stop=_must_stop)
    log.info("scenario ended", done=done)
    with _database().write() as session:
        goes_on = scenario_queue.is_scenario_waiting(session, now=_now())
    if goes_on and not is_stopping():
        dispatch.solve_scenario()


@worker_process_init.connect
def _begin(**_: Any) -> None:
    """Recover the work of a killed process when a pool process starts."""
    for queue, take_up in ((SOLVE, _take_up_runs), (JOBS, _take_up_jobs)):
        if queue in app.amqp.queues.consume_from:
            # In a thread: the pool waits for its process to start, and the database may block.
            threading.Thread(target=_take_up, args=(take_up,), name="lost work", daemon=True).start()


def _take_up(take_up: Callable[[], None]) -> None:
    try:
        if _gate().why() is None:
            take_up()
    except Exception:
        log.exception("lost work not looked for")  # the scheduler recovers it after a while


def _take_up_runs() -> None:
    with _database().write() as session:
        lost = recovery.reclaim_orphaned_runs(session, is_gone, now=_now())
    for run_id in lost:
        log.warning("run taken up again", run=run_id)
        dispatch.run(_database(), run_id)


def _take_up_jobs() -> None:
    with _database().write() as session:
        jobs = version_jobs.recover_orphaned_jobs(session, is_gone, now=_now())
        files = import_jobs.reclaim_orphaned_jobs(session, is_gone, now=_now())
    for job_id in jobs:
        log.warning("job taken up again", job=job_id)
        dispatch.version_job(job_id)
    for file_id in files:
        log.warning("file taken up again", file=file_id)
        dispatch.import_file(file_id)


@_task(name="chainmeet.version_job", max_retries=2, default_retry_delay=5)
def version_job(job_id: int) -> None:
    """Compare or publish a version. A job in another state belongs to another worker."""
    ending = job_execution.execute_job(
        _database(), job_id, worker=me(), settings=_settings(), should_stop=_must_stop
    )
    log.info("job ended", job=job_id, ending=str(ending))
    if ending is job_execution.JobEnding.PUT_BACK:
        dispatch.version_job(job_id, countdown=0 if is_stopping() else RETRY_SECONDS)
    elif not is_stopping():
        dispatch.deliver()


@_task(name="chainmeet.import_file", max_retries=2, default_retry_delay=5)
def import_file(file_id: int) -> None:
    """Preview or apply an uploaded import file. A file in another state belongs to another worker."""
    ending = import_execution.execute_import(_database(), file_id, worker=me(), settings=_settings())
    log.info("file looked at", file=file_id, ending=str(ending))
    if ending is import_execution.ImportEnding.LOOKS_AGAIN:
        dispatch.import_file(file_id)
    else:
        dispatch.deliver_urgent()


@_task(name="chainmeet.delete_rows", max_retries=0)
def delete_rows() -> None:
    """Delete rows of deleted events for DELIVER_SECONDS. The next task deletes the rest."""
    is_left = deletion.delete_rows(_database(), should_stop=_must_stop, max_seconds=DELIVER_SECONDS)
    log.info("rows of deleted events deleted", is_left=is_left)
    if is_left and not is_stopping():
        dispatch.delete_rows(countdown=RETRY_SECONDS)


@_task(name="chainmeet.make_packs", max_retries=0)
def make_packs() -> None:
    """Make the offline packs that are due. A shutdown leaves the rest to a later task."""
    from scheduler.services.exports.offline_packs import nightly_packs  # deferred: writers of PDF and XLSX

    made = nightly_packs.make_due_packs(_database(), _settings(), should_stop=_must_stop)
    log.info("offline packs made", count=made)


@_task(name="chainmeet.prune", max_retries=0)
def prune() -> None:
    """Delete data whose retention period ended, for DELIVER_SECONDS. The next task deletes the rest."""
    try:
        done = pruning.prune(_database(), _settings(), should_stop=_must_stop, max_seconds=DELIVER_SECONDS)
    except SitePaused:
        log.info("nothing pruned while the site is paused")
        return
    log.info("pruned", is_left=done.is_left, **{kind.value: rows for kind, rows in done.rows.items()})
    if done.is_left and not is_stopping():
        dispatch.prune(countdown=RETRY_SECONDS)


@_task(name="chainmeet.board", max_retries=0, soft_time_limit=60, time_limit=90, acks_late=False)
def board(token: str, event_id: int, number: int, question: str) -> None:
    """Answer a question about a manual draft, if the page still waits. Loaded plans stay in memory."""
    redis_url = _settings().redis_url
    if not board_queries.is_wanted(token, redis_url=redis_url):
        return
    try:
        answer = _desk().answer(event_id, number, json.loads(question))
    except NotFound:
        answer = {}
    board_queries.tell(token, answer, redis_url=redis_url)


@cache
def _desk() -> Any:
    from scheduler.services.board.placement_search import PlacementSearch  # deferred: loads the solver

    return PlacementSearch(_database())


@_task(name="chainmeet.help", max_retries=0)
def help_with(run_id: int) -> None:
    """Help another worker's run by solving parts of it. A run that has ended needs no help.

    A single worker gets its own calls after its run, and must not load the solver for them.
    """
    with _database().read() as session:
        if runs.find_searching_run(session, run_id) is None:
            return
    from scheduler.services.planning.runs import distribution  # as above

    done = distribution.help_run(
        _database(),
        _settings().redis_url,
        run_id,
        worker=me(),
        threads=_settings().solve_workers,
        should_stop=_must_stop,
    )
    log.info("helped", run=run_id, parts=done)


@_task(name="chainmeet.deliver", max_retries=2, default_retry_delay=5, soft_time_limit=90, time_limit=120)
def deliver() -> None:
    """Deliver emails of the outbox that are due, for DELIVER_SECONDS. The next task delivers the rest."""
    if _deliver(urgent=False):
        dispatch.deliver()


@_task(name="chainmeet.deliver_urgent", max_retries=2, default_retry_delay=5)
def deliver_urgent() -> None:
    """Deliver urgent emails, for which a person waits, ahead of all others.

    Sign-in requests are turned into such emails first.
    """
    with _database().write() as session:
        is_paused = site_pause.is_paused(session)
        wishes = 0 if is_paused else sign_in.process_sign_in_requests(session, _settings(), now=_now())
    if _deliver(urgent=True) or wishes >= sign_in.MAX_REQUESTS_PER_BATCH:
        dispatch.deliver_urgent()


def _deliver(*, urgent: bool) -> bool:
    """Return True if more emails are due."""
    sent = delivery.deliver_emails(
        _database(),
        _settings(),
        worker=me(),
        now=_now,
        should_stop=_must_stop,
        max_seconds=DELIVER_SECONDS,
        urgent=urgent,
    )
    if sent:
        log.info("mails sent", count=sent, urgent=urgent)
    with _database().read() as session:
        is_waiting = delivery.is_delivery_due(session, _settings(), urgent=urgent, now=_now())
    return is_waiting and not is_stopping()


@_task(name="chainmeet.fetch", soft_time_limit=90, time_limit=120)
def fetch() -> None:
    """Receive the emails of the mailbox. Those left over are received next time."""
    try:
        taken = mailbox.fetch_mailbox(_database(), _settings(), now=_now)
    except MailboxFailure as failure:
        log.warning("mailbox not read", reason=str(failure))
        with _database().write() as session:
            email_alerts.record_mailbox_failure(session, str(failure), now=_now())
        return
    if taken is None:
        return
    with _database().write() as session:
        email_alerts.record_mailbox_read(session, now=_now())
    if taken:
        log.info("mails received", count=taken)
        dispatch.deliver()


@_task(name="chainmeet.judge", soft_time_limit=90, time_limit=120)
def judge() -> None:
    """Process incoming emails whose processing was lost."""
    with _database().read() as session:
        left = inbox.find_unjudged(session, now=_now())
    for mail_id in left:
        inbox.judge_email(_database(), _settings(), mail_id, now=_now())


@_task(name="chainmeet.refetch", soft_time_limit=90, time_limit=120)
def refetch() -> None:
    """Fetch linked calendars that are due, for DELIVER_SECONDS. The next task fetches the rest."""
    fetched = refetching.refetch_calendars(
        _database(),
        fetcher=Fetcher(max_octets=MAX_OCTETS),
        reads_caldav=_settings().caldav == "on",
        secret_key=_settings().secret_key,
        now=_now,
        should_stop=_must_stop,
        max_seconds=DELIVER_SECONDS,
    )
    if fetched:
        log.info("calendars fetched", count=fetched)
    with _database().read() as session:
        is_due = refetching.is_refetch_due(session, now=_now())
    if is_due and not is_stopping():
        dispatch.refetch()


@_task(name="chainmeet.check_invariants", soft_time_limit=600, time_limit=660)
def check_invariants() -> None:
    """Check the stored data. What contradicts itself raises an alert."""
    broken = invariants.check_invariants(_database(), _settings())
    for each in broken:
        log.error("invariant broken", invariant=each.invariant.value, count=each.count, events=each.events)
    with _database().write() as session:
        invariants.update_alerts(session, broken, now=_now())
    log.info("invariants checked", broken=len(broken))


@_task(name="chainmeet.check_mail", soft_time_limit=300, time_limit=330)
def check_mail() -> None:
    """Check the mail server and DNS, and send the emails of a round trip."""
    with _database().read() as session:
        if site_pause.is_paused(session):
            return
    sent_at = _now()
    findings = [*daily_check.check_sending(_settings(), DnsLookup())]
    failed = daily_check.send_round_trip(_settings(), now=sent_at)
    with _database().write() as session:
        daily_check.update_alerts(session, findings, daily_check.SENDING, now=_now())
        if failed:
            daily_check.update_alerts(session, failed, (round_trip.CHECK,), now=_now())
    for each in (*findings, *failed):
        log.info("email check", check=each.check, level=each.level.name.lower(), what=each.what)
    if not failed:
        dispatch.end_round_trip(int(sent_at.timestamp()), countdown=daily_check.PATIENCE.total_seconds())


@_task(name="chainmeet.end_round_trip")
def end_round_trip(sent_at: int) -> None:
    """Look for the emails of a round trip. What is missing raises an alert."""
    with _database().write() as session:
        if site_pause.was_paused_since(session, _now() - daily_check.PATIENCE):
            return
        lost = round_trip.missing(session, datetime.fromtimestamp(sent_at, UTC))
        findings = list(round_trip.findings(lost, _settings(), daily_check.PATIENCE))
        daily_check.update_alerts(session, findings, (round_trip.CHECK,), now=_now())
    log.info("round trip ended", missing=lost)


@_task(name="chainmeet.send_signals", soft_time_limit=90, time_limit=120)
def send_signals() -> None:
    """Send the heartbeat, and new alerts to their webhook."""
    outside_signals.send_signals(_database(), _settings())


@_task(name="chainmeet.notify_subscribers")
def notify_subscribers() -> None:
    """Deliver pending audit log entries to plugins. The next task delivers the rest."""
    subscribed = load(SUBSCRIBERS)
    taken = subscribers.deliver(_database(), subscribed, should_stop=_must_stop)
    if taken:
        log.info("entries given", count=taken)
    with _database().write() as session:
        is_left = subscribers.is_waiting(session, subscribed.keys(), now=_now())
    if is_left and not is_stopping():
        dispatch.notify_subscribers()


@_task(name="chainmeet.send_webhooks", soft_time_limit=90, time_limit=120)
def send_webhooks() -> None:
    """Send webhook messages that are due, for DELIVER_SECONDS. The next task sends the rest."""
    attempts = sending.send_messages(
        _database(), _settings().secret_key, should_stop=_must_stop, max_seconds=DELIVER_SECONDS
    )
    if attempts:
        log.info("webhook messages sent", attempts=attempts)
    with _database().read() as session:
        is_left = sending.is_sending_due(session, now=_now())
    if is_left and not is_stopping():
        dispatch.send_webhooks()


def _must_stop() -> bool:
    """Return True if long work must stop: the worker shuts down, or the database is about to be upgraded."""
    return is_stopping() or _gate().why() is not None


def _must_put_back() -> bool:
    """Return True if a run must be put back: the time to finish its search is up, or an upgrade begins."""
    return is_time_up(_settings().solve_stop_seconds) or _gate().why() is not None


def _now() -> datetime:
    return _database().now()


@cache
def _settings() -> Settings:
    return Settings.from_env()


@cache
def _database() -> Database:
    """Return the database, opened in the pool process, never before the fork."""
    settings = _settings()
    database = Database(settings.database_url)
    on_disk_full(database.engine, partial(worker_registry.say_disk_full, settings.redis_url))
    return database


@cache
def _gate() -> SchemaGate:
    return SchemaGate(_database())
