"""Demo: from requests to invitations on a generated expo, in the terminal."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from chainmeet import publish_draft
from chainmeet.demo.event import DemoEvent, find_event, load_event
from chainmeet.demo.summary import Outcome, judge, print_summary
from chainmeet.progress import draft_of, follow_mails, follow_run, queue_run, terminal_line
from chainmeet.stack.embedded import Ports, Stack, embedded_stack
from scheduler.domain.entities import RunState
from scheduler.domain.errors import ChainmeetError
from scheduler.services.outbox import outbox
from scheduler.services.planning.runs import runs
from scheduler.services.planning.runs.run_control import RunCard
from scheduler.storage.database import Database
from scheduler.storage.models import Run, ScheduleVersion

FIRST_MAILS = 100
"""Number of emails to wait for when the stack stays up. The rest are sent in the background."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of the demo. `leave`: wait until all emails are sent, then exit instead of staying up."""

    seconds: int = 20
    firms: int = 620
    requests: int = 9000
    seed: int = 1
    leave: bool = False


class Stopped(Exception):
    """SIGINT or SIGTERM interrupted the demo."""


def show(data: Path, ports: Ports, options: DemoOptions) -> int:
    """Run the demo and return its exit status."""
    console = Console(highlight=False)
    began = time.monotonic()
    console.print("[bold]Starting[/] the web server, workers, broker and test inbox…")
    with embedded_stack(data, ports, say=console.print) as stack:
        demo = Demo(stack, options, console, began)
        status = stack.supervisor.attend(demo.play)
        if status == 0 and not options.leave:
            console.print("The site stays up. Press [bold]Ctrl-C[/] to stop everything.")
            stack.supervisor.watch()
        console.print("Stopping…")
    return 130 if status is None else status


def planned_draft(database: Database, run: Run) -> ScheduleVersion:
    """Return the draft of a finished run. Raises ChainmeetError if the run found no plan in its time."""
    draft = draft_of(database, run)
    if draft is None:
        raise ChainmeetError(
            f"Run {run.number} found no schedule within {run.seconds} s: this machine is busy or slow. "
            "Start the demo again with more time, such as --seconds 120."
        )
    return draft


@dataclass(slots=True)
class Demo:
    """One execution of the demo."""

    stack: Stack
    options: DemoOptions
    console: Console
    began: float

    def play(self) -> int | None:
        """Run from the sample event to the summary. Return the exit status, or None if it was stopped."""
        try:
            event = self.event()
            run = self.run(event)
            outcome = self.publish(event, run)
        except Stopped:
            return None
        print_summary(self.console, self.stack, event, outcome, time.monotonic() - self.began)
        return 0 if outcome.is_good or not self.options.leave else 1

    def event(self) -> DemoEvent:
        event = find_event(self.stack.database)
        if event is not None:
            self.step(f"Found the demo event [bold]{event.name}[/] in {self.stack.folder.root}")
        else:
            self.step(
                f"Generating an expo: {self.options.firms:,} exhibitors, {self.options.requests:,} requests…"
            )
            event = load_event(self.stack, self.options.firms, self.options.requests, self.options.seed)
        self.step(f"{event.accepted:,} of {event.requests:,} requests are accepted and need a slot")
        return event

    def run(self, event: DemoEvent) -> Run:
        """Return a finished run: a new one, or an open one of an earlier demo."""
        with self.stack.database.read() as session:
            asked: Run | RunCard | None = runs.find_open_run(session, event.id)
        if asked is None:
            asked = queue_run(
                self.stack.database,
                self.stack.settings,
                event.key,
                seconds=self.options.seconds,
                requested_by=event.organiser_id,
            )
        self.step(f"Run {asked.number}: snapshot, search of {asked.seconds} s, rule check")
        run = follow_run(self.stack.database, asked.id, line=terminal_line("  "), stopped=self.is_stopped)
        self.stop_here()
        if run.state is not RunState.FINISHED:
            raise ChainmeetError(f"Run {run.number} {run.state}: {run.error or 'no reason was recorded'}")
        return run

    def publish(self, event: DemoEvent, run: Run) -> Outcome:
        database, settings = self.stack.database, self.stack.settings
        draft = planned_draft(database, run)
        preview = publish_draft.preview_publishing(database, settings, event.key, draft.number)
        self.step(preview.sentences())
        done = publish_draft.publish(
            database,
            settings,
            event.key,
            draft.number,
            compared_with=preview.compared_with,
            by=event.organiser_id,
        )
        self.step(f"Version {draft.number} published. Emails queued: {done.mails:,}")
        counts = self.mails(event)
        return judge(database, run, draft, done.mails, counts)

    def mails(self, event: DemoEvent) -> outbox.OutboxCounts:
        return follow_mails(
            self.stack.database,
            event.id,
            line=terminal_line("  "),
            until_sent=None if self.options.leave else FIRST_MAILS,
            stopped=self.stop_here,
        )

    def step(self, text: str) -> None:
        self.stop_here()
        self.console.print(f"[dim]{time.monotonic() - self.began:5.0f} s[/]  {text}")

    def is_stopped(self) -> bool:
        return self.stack.supervisor.stopping.is_set()

    def stop_here(self) -> bool:
        """Raise Stopped if the stack is stopping. Otherwise return False."""
        if self.is_stopped():
            raise Stopped
        return False
