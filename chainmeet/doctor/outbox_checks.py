"""Checks of outgoing emails, and the open alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind
from scheduler.domain.findings import Finding, error, ok, warning
from scheduler.services.delivery import email_alerts, email_counts
from scheduler.services.operations import alerts, site_pause
from scheduler.storage.database import Database
from scheduler.storage.models import EmailRoute

EMAILS, MAILBOX, RUNS = "Emails aren't sent", "The mailbox can't be read", "A run doesn't start"
RUNBOOKS = {
    AlertKind.MAILS_WAIT: EMAILS,
    AlertKind.MAILS_REFUSED: EMAILS,
    AlertKind.MAIL_CHECK: EMAILS,
    AlertKind.MAILBOX: MAILBOX,
    AlertKind.MAIL_LEFT: MAILBOX,
    AlertKind.RUN_WAITS: RUNS,
    AlertKind.RUN_MISSED: RUNS,
}
"""Section of docs/runbooks.md for an alert."""


def check_outbox(database: Database) -> Iterator[Finding]:
    """Check that nothing holds emails back, and list the open alerts of the site and of all events.

    A database that can't be read was reported before.
    """
    try:
        with database.read() as session:
            now = database.now_in(session)
            yield from _check_waiting(session, now)
            for alert in alerts.list_all_open_alerts(session):
                about = f"{alert.about}: " if alert.about else ""
                runbook = RUNBOOKS.get(alert.kind)
                advice = _see(runbook) if runbook else "See Alerts in docs/operators.md."
                yield warning("alerts", f"{about}{alert.reason}", advice)
    except SQLAlchemyError:
        return


def _check_waiting(session: Session, now: datetime) -> Iterator[Finding]:
    found = [*_paused_site(session), *_paused_events(session), *map(_paused_route, _routes(session, now))]
    due = email_alerts.find_oldest_due(session, now=now)
    if due is not None and now - due > email_alerts.STANDING:
        minutes = (now - due) // timedelta(minutes=1)
        found.append(error("emails", f"An email has been due for {minutes:,} minutes.", _see(EMAILS)))
    yield from found or [ok("emails", "No email is blocked or late.")]


def _paused_site(session: Session) -> Iterator[Finding]:
    pause = site_pause.find_pause(session)
    if pause is None:
        return
    since = f"{pause.since:%Y-%m-%d %H:%M} UTC"
    if pause.is_copy:
        yield error(
            "emails",
            f"The site paused itself at {since}, because its database was restored or copied.",
            "See Back up and restore in docs/operators.md.",
        )
        return
    reason = f": {pause.reason}" if pause.reason else "."
    yield warning("emails", f"The site has been paused since {since}{reason}", "Run: chainmeet resume")


def _paused_events(session: Session) -> Iterator[Finding]:
    for key, waiting in email_counts.count_emails_of_paused_events(session).items():
        yield warning(
            "emails",
            f"Organisers paused the emails of the event {key}. {waiting:,} are waiting.",
            "An organiser can select Resume emails on Schedule.",
        )


def _routes(session: Session, now: datetime) -> Iterator[EmailRoute]:
    yield from email_counts.list_paused_routes(session, now=now)


def _paused_route(route: EmailRoute) -> Finding:
    name = f"The provider {route.name}" if route.name else "The outgoing mail server"
    until = f"{route.paused_until:%H:%M} UTC"
    said = f": {route.last_reply}" if route.last_reply else "."
    return warning("emails", f"{name} refuses emails. The next one is sent at {until}{said}", _see(EMAILS))


def _see(section: str) -> str:
    return f"See {section} in docs/runbooks.md."
