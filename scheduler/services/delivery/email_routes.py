"""Email routes: sending rates and pauses per recipient provider.

A route is a provider (`EmailRates.route`), or the mail server that accepts all our emails (SERVER). The
provider's replies slow it down, pause it and resume it. After some consecutive refusals of one kind a route
is paused, each time twice as long. Then one email is sent as a probe. If it is accepted, the route is open
again. A provider that asks for less gets half as many emails a minute, and the rate grows back slowly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import OutboxState, Refusal
from scheduler.storage.models import EmailRoute, OutboxEmail

SERVER: Final = ""
"""Name of the route that all emails take: our own mail server."""

IN_A_ROW: Final = {Refusal.SLOW: 1, Refusal.HOLD: 3, Refusal.LATER: 5, Refusal.DEAD: 10}
"""Consecutive refusals of one kind, with no accepted email in between, that pause a provider."""
SERVER_IN_A_ROW: Final = {Refusal.SLOW: 10, Refusal.HOLD: 10, Refusal.LATER: 20, Refusal.DEAD: 20}
"""The same for the mail server.

These limits exceed what one provider can cause before it is paused itself.
"""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
TOLD_AFTER: Final = 6
"""Consecutive pauses (over half an hour in total) after which operators are alerted even about throttling."""
PROBE = timedelta(minutes=2)
"""If the probe after a pause gets no reply within this time, another one is sent."""
UNLIMITED: Final = 240.0
"""Assumed rate, in emails a minute, of a provider without a limit.

A reduced rate starts from it and grows back to it.
"""
DOUBLES_AFTER = timedelta(minutes=20)
"""A reduced rate doubles after this time without another refusal."""
POLLED: Final = 12.0
"""From this rate on, a sender waits for the next email's turn. For lower rates the next tick tries again."""
FORGOTTEN_AFTER = timedelta(days=2)


@dataclass(slots=True)
class Routes:
    """The current state of the routes that have a rate, a pause or a refusal."""

    rates: EmailRates
    rows: dict[str, EmailRoute] = field(default_factory=dict)

    def paused(self, now: datetime) -> set[str]:
        """Return the names of the routes that are paused now."""
        return {
            name for name, row in self.rows.items() if row.paused_until is not None and row.paused_until > now
        }

    def limited(self) -> set[str]:
        """Return the names of the provider routes that are paused or have a rate."""
        known = {name for name, row in self.rows.items() if row.paused_until or row.per_minute}
        return (known | self.rates.per_minute.keys()) - {SERVER}

    def of(self, names: Iterable[str]) -> ColumnElement[bool]:
        """Condition: the email takes one of these routes."""
        if SERVER in (names := set(names)):
            return true()
        return OutboxEmail.domain.in_([domain for name in names for domain in self.rates.domains(name)])

    def is_watched(self, name: str) -> bool:
        """Return True if an accepted email changes the route's state, because it has refusals."""
        row = self.rows.get(name)
        return row is not None and row.refusal is not None

    def rate(self, name: str, now: datetime) -> float | None:
        """Return the rate in emails a minute, or None for no limit."""
        return rate_per_minute(self.rows.get(name), self.rates.per_minute.get(name), now)


def load_routes(session: Session, rates: EmailRates) -> Routes:
    """Load the routes with a rate, a pause or a refusal."""
    minded = or_(
        EmailRoute.refusal.is_not(None),
        EmailRoute.paused_until.is_not(None),
        EmailRoute.per_minute.is_not(None),
        EmailRoute.name.in_(rates.per_minute),
    )
    return Routes(rates, {row.name: row for row in session.scalars(select(EmailRoute).where(minded))})


def rate_per_minute(row: EmailRoute | None, usual: float | None, now: datetime) -> float | None:
    """Return the rate of a route: the usual one, or a reduced one that grows back. None means no limit."""
    if row is None or row.per_minute is None or row.slowed_at is None:
        return usual
    grown = row.per_minute * 2.0 ** (max(now - row.slowed_at, timedelta()) / DOUBLES_AFTER)
    return grown if grown < (usual or UNLIMITED) else usual


def take_from_bucket(
    ready_at: datetime | None, rate: float, limit: int, now: datetime
) -> tuple[int, datetime]:
    """Return how many emails a rate (per minute) allows now, and the time from which the next may be sent.

    The bucket holds at most one second's worth.
    """
    interval = max(timedelta(minutes=1) / rate, timedelta.resolution)  # an absurd rate would make it 0
    full = now - max(interval, timedelta(seconds=1))
    ready = max(ready_at or full, full)
    allowed = min(limit, int((now - ready) / interval))
    return allowed, ready + allowed * interval


def available_sends(session: Session, routes: Routes, name: str, limit: int, now: datetime) -> int:
    """Return how many of `limit` emails may take a route now.

    None may during a pause, one after it as a probe, else as many as the rate allows. Optimistic locking
    keeps two concurrent senders from taking the same turn.
    """
    row = routes.rows.get(name)
    if limit <= 0 or (row is not None and row.paused_until is not None and row.paused_until > now):
        return 0
    if row is not None and row.paused_until is not None:
        return int(_change(session, row, EmailRoute.paused_until, paused_until=now + PROBE, probed_at=now))
    rate = None if name == SERVER else routes.rate(name, now)
    if rate is None:
        return limit
    row = row or _created(session, routes, name)
    allowed, ready_at = take_from_bucket(row.ready_at, rate, limit, now)
    if allowed <= 0 or _in_flight(session, routes, name):
        return 0
    return allowed if _change(session, row, EmailRoute.ready_at, ready_at=ready_at) else 0


def closed_routes(routes: Routes, now: datetime) -> set[str]:
    """Return the names of routes that are paused or slow, and whose next turn is still ahead."""
    slow = set()
    for name in routes.limited():
        row, rate = routes.rows.get(name), routes.rate(name, now)
        if row is not None and row.ready_at is not None and rate is not None and rate < POLLED:
            slow |= {name} if take_from_bucket(row.ready_at, rate, 1, now)[0] == 0 else set()
    return routes.paused(now) | slow


def record_accepted(session: Session, routes: Routes, address: str) -> set[str]:
    """Record an accepted email, which opens its route and the server's.

    Return the names of the routes that were paused.
    """
    opened = set()
    for name in {routes.rates.route(address), SERVER}:
        if not routes.is_watched(name):
            continue
        row = routes.rows[name]
        opened |= {name} if row.paused_until is not None else set()
        session.execute(
            update(EmailRoute)
            .where(EmailRoute.name == name)
            .values(refusal=None, refusals=0, refused_address="", paused_until=None, probed_at=None, pauses=0)
        )
        row.refusal, row.paused_until = None, None
    return opened


def record_refused(
    session: Session,
    routes: Routes,
    names: Iterable[str],
    mail: OutboxEmail,
    refusal: Refusal,
    said: str,
    *,
    now: datetime,
) -> set[str]:
    """Record a refused email: count it, and slow down or pause its routes. Return the names of paused routes.

    `names` must always be in the same order, the server's last, so that concurrent senders cannot deadlock.
    Consecutive refusals of one address count once, because they say nothing about other addresses.
    """
    pausing = set()
    for name in names:
        row = _locked(session, routes, name)
        is_probe = row.probed_at is not None and row.probed_at == mail.claimed_at
        is_late = row.paused_until is not None and not is_probe  # it was in transit when the pause began
        row.last_reply, row.refused_at = said[:400], now
        if is_late or (row.refused_address == mail.to_address and row.refusal is refusal and not is_probe):
            pausing |= {name} if is_late else set()
            continue
        row.refusals = row.refusals + 1 if row.refusal is refusal else 1
        row.refusal, row.refused_address = refusal, mail.to_address
        enough = (SERVER_IN_A_ROW if name == SERVER else IN_A_ROW)[refusal]
        if is_probe or row.refusals >= enough:
            _slow_down(row, routes, name, refusal, now)
            pause_route(row, now)
            pausing.add(name)
    session.flush()
    return pausing


def record_locked_out(session: Session, routes: Routes, said: str, *, now: datetime) -> None:
    """Pause the mail server because it rejected our authentication."""
    row = _locked(session, routes, SERVER)
    row.refusal, row.last_reply, row.refused_at = Refusal.HOLD, said[:400], now
    if row.paused_until is None or row.paused_until <= now:
        pause_route(row, now)
    session.flush()


def pause_route(row: EmailRoute, now: datetime) -> None:
    """Pause a route, twice as long as the time before."""
    row.paused_until = now + min(FIRST_PAUSE * 2**row.pauses, LONGEST_PAUSE)
    row.pauses, row.probed_at = min(row.pauses + 1, 20), None
    if row.slowed_at is not None:
        row.slowed_at = max(row.slowed_at, row.paused_until)


def delete_idle_routes(session: Session, *, now: datetime) -> None:
    """Delete the rows of routes without a recent refusal."""
    session.execute(
        delete(EmailRoute).where(
            EmailRoute.has_open_alert.is_(False),
            or_(EmailRoute.paused_until.is_(None), EmailRoute.paused_until < now - FORGOTTEN_AFTER),
            or_(EmailRoute.refused_at.is_(None), EmailRoute.refused_at < now - FORGOTTEN_AFTER),
            or_(EmailRoute.ready_at.is_(None), EmailRoute.ready_at < now - FORGOTTEN_AFTER),
        )
    )


def _slow_down(row: EmailRoute, routes: Routes, name: str, refusal: Refusal, now: datetime) -> None:
    if refusal is Refusal.SLOW and name != SERVER:
        rate = rate_per_minute(row, routes.rates.per_minute.get(name), now)
        row.per_minute, row.slowed_at = max(1.0, (rate or UNLIMITED) / 2), now


def _in_flight(session: Session, routes: Routes, name: str) -> bool:
    """Return True if emails to this provider are being sent.

    A provider with a rate gets one connection at a time.
    """
    sending = (OutboxEmail.state == OutboxState.SENDING) & routes.of([name])
    return session.scalar(select(OutboxEmail.id).where(sending).limit(1)) is not None


def _change(
    session: Session, row: EmailRoute, column: InstrumentedAttribute[datetime | None], **values: object
) -> bool:
    """Update a row if this column is unchanged since it was read. Return True if the update was made."""
    before = getattr(row, column.key)
    done = session.scalar(
        update(EmailRoute)
        .where(EmailRoute.name == row.name, column.is_(None) if before is None else column == before)
        .values(**values)
        .returning(EmailRoute.name)
        .execution_options(synchronize_session=False)
    )
    if done is not None:
        session.refresh(row)
    return done is not None


def _created(session: Session, routes: Routes, name: str) -> EmailRoute:
    try:
        with session.begin_nested():
            session.execute(insert(EmailRoute).values(name=name))
    except IntegrityError:  # another sender inserted it first
        pass
    row = routes.rows[name] = session.get_one(EmailRoute, name)
    return row


def _locked(session: Session, routes: Routes, name: str) -> EmailRoute:
    """Return the row of a route, created if needed, and locked until the transaction ends."""
    if session.get(EmailRoute, name) is None:
        _created(session, routes, name)
    row = session.get_one(EmailRoute, name, populate_existing=True, with_for_update={"key_share": True})
    routes.rows[name] = row
    return row
