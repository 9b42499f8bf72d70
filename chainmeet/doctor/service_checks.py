"""Checks of services: database, broker, workers, clock, mail servers, OpenID providers, the bucket of packs.

No email is sent or read.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal, cast

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from scheduler.config import Settings
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.findings import Finding, error, ok, warning
from scheduler.invites.transport.mailbox import Mailbox
from scheduler.services.exports.offline_packs import pack_bucket
from scheduler.services.exports.offline_packs.pack_bucket import BucketFailure
from scheduler.services.identity.oidc_client import OidcClient, ProviderFailure, make_clients
from scheduler.services.operations import clock_skew, job_intervals
from scheduler.storage import grants, schema
from scheduler.storage.database import Database
from workers import worker_registry
from workers.layout import QUEUES, URGENT, WORKERS

MUCH_SKEW = timedelta(seconds=60)
OLD_TICK = timedelta(seconds=60)
SECONDS = 10.0
"""Per network wait. Twice that for the sign-in to a mail server."""

Security = Literal["none", "starttls", "tls"]


def check_database(database: Database) -> Iterator[Finding]:
    """Check that the database answers, has this version's schema, and protects the audit log."""
    where = database.url.render_as_string(hide_password=True)
    try:
        with database.read() as session:
            connection = session.connection()
            state = schema.connection_state(connection)
            rewrites = not database.is_sqlite and grants.can_rewrite_audit_log(connection)
    except SQLAlchemyError as failure:
        said = str(getattr(failure, "orig", None) or failure).strip().partition("\n")[0]
        yield error(
            "database", f"{where} doesn't answer: {said}", "Start it, or correct CHAINMEET_DATABASE_URL."
        )
        return
    yield ok("database", f"{where} answers.")
    if not state.is_usable:
        refusal = schema.SchemaOutOfDate(state.revision, schema.head_revision())
        yield error("schema", str(refusal), "See Upgrade in docs/operators.md.")
        return
    if state.is_own:
        yield ok("schema", f"The schema is at {state.revision}, as this version needs.")
    else:
        said = f"A newer version has upgraded the schema to {state.revision}. This version works with it."
        yield ok("schema", said)
    if rewrites:
        yield warning(
            "audit log",
            "The application's database role can change the audit log.",
            "Give the tables to a role of their own: see Audit log in docs/operators.md.",
        )
    yield from _check_time(database)


def _check_time(database: Database) -> Iterator[Finding]:
    ahead = database.machine_is_ahead()
    seconds = f"{abs(ahead.total_seconds()):.0f} seconds {'ahead of' if ahead > timedelta() else 'behind'}"
    if abs(ahead) > clock_skew.TOLERATED:
        kind = error if abs(ahead) > MUCH_SKEW else warning
        yield kind(
            "machine clock",
            f"The clock of this machine is {seconds} the database's.",
            "Turn on time synchronisation (NTP) on both machines.",
        )
    else:
        yield ok("machine clock", "This machine and the database have the same time.")
    with database.read() as session:
        tick = job_intervals.last_run_at(session, job_intervals.TICK)
        age = None if tick is None else database.now_in(session) - tick
    if age is None or age > OLD_TICK:
        since = "has never run" if age is None else f"last ran {age.total_seconds():,.0f} seconds ago"
        yield error("clock", f"The clock of scheduled jobs {since}.", "Start the role clock: chainmeet clock")
    else:
        yield ok("clock", "Scheduled jobs run.")


def check_broker(settings: Settings) -> Iterator[Finding]:
    """Check that the broker answers, and that each queue has a worker."""
    try:
        with worker_registry.connect(settings.redis_url) as broker:
            workers, is_full = worker_registry.count(broker), worker_registry.is_disk_full(broker)
    except RedisError as failure:
        yield error(
            "broker", f"The broker doesn't answer: {failure}", "Start it, or correct CHAINMEET_REDIS_URL."
        )
        return
    yield ok("broker", "The broker answers.")
    if is_full:
        yield error(
            "disk", "A process found the database's disk full.", "Free space on the database's machine."
        )
    for queue in QUEUES:
        kind = next(name for name, layout in WORKERS.items() if queue in layout.queues)
        if workers[queue]:
            yield ok("workers", f"{queue}: {workers[queue]}")
        else:
            level = error if queue == URGENT else warning
            lost = "No one can sign in." if queue == URGENT else "Its work waits."
            yield level(
                "workers", f"No worker serves the queue {queue}. {lost}", f"Start: chainmeet worker {kind}"
            )


def check_inbound(settings: Settings, lmtp: tuple[str, int] | None) -> Iterator[Finding]:
    """Check the mailbox, and the port of the receiver if given. One of them must receive replies."""
    if not settings.imap_host and lmtp is None:
        yield warning(
            "incoming email",
            "Without a mailbox (CHAINMEET_IMAP_HOST), replies arrive only through the receiver.",
            "Check it with: chainmeet doctor --lmtp HOST:PORT",
        )
    if settings.imap_host:
        yield from _check_mailbox(settings)
    if lmtp is not None:
        yield from _check_receiver(*lmtp)


def _check_mailbox(settings: Settings) -> Iterator[Finding]:
    where = f"{settings.imap_host}:{settings.imap_port}"
    if not settings.imap_password:
        yield warning(
            "mailbox",
            f"The sign-in at {where} wasn't checked, because this process has no password for it.",
            "With Compose, run the doctor in the service untrusted-worker.",
        )
        return
    mailbox = Mailbox(
        settings.imap_host,
        settings.imap_port,
        cast(Security, settings.imap_security),
        settings.imap_username,
        settings.imap_password,
        settings.imap_folder,
        timeout=SECONDS,
    )
    try:
        with mailbox:
            pass
    except ChainmeetError as failure:
        yield error("mailbox", str(failure), "Check the CHAINMEET_IMAP_ settings and the server.")
        return
    yield ok("mailbox", f"{where} accepts the sign-in and has the folder {settings.imap_folder}.")


def _check_receiver(host: str, port: int) -> Iterator[Finding]:
    try:
        with smtplib.LMTP(host, port, local_hostname="localhost", timeout=SECONDS) as receiver:
            code, said = receiver.ehlo()
    except (OSError, smtplib.SMTPException) as failure:
        yield error(
            "receiver",
            f"{host}:{port} doesn't answer: {failure}",
            "Start the role receiver: chainmeet receive",
        )
        return
    if code == 250:
        yield ok("receiver", f"{host}:{port} answers.")
    else:
        reply = said.decode("utf-8", "replace")
        yield error("receiver", f"{host}:{port} answers {code} {reply}", "Something else uses this port.")


def check_providers(settings: Settings, clients: Mapping[str, OidcClient] | None = None) -> Iterator[Finding]:
    """Check that each OpenID provider has valid metadata and signing keys."""
    for client in (clients if clients is not None else make_clients(settings.providers)).values():
        issuer = client.provider.issuer
        try:
            client.find_metadata()
            client.find_keys()
        except ProviderFailure as failure:
            yield error(
                "sign-in",
                f"No one can sign in with {issuer}: {failure}.",
                "Check the provider and CHAINMEET_OIDC_PROVIDERS.",
            )
            continue
        yield ok("sign-in", f"{issuer} has valid metadata and keys.")


def check_bucket(settings: Settings) -> Iterator[Finding]:
    """Check that offline packs can be listed, written and deleted in their bucket, if there is one."""
    if not settings.pack_bucket:
        return
    try:
        pack_bucket.check_bucket_access(settings)
    except BucketFailure as failure:
        yield error(
            "bucket",
            f"Offline packs can't be copied to the bucket {failure}.",
            "Check the CHAINMEET_PACK_BUCKET settings, and that the key may list, write and delete.",
        )
    else:
        yield ok("bucket", f"Offline packs can be copied to the bucket {settings.pack_bucket}.")
