"""Demo summary: verifies the stored plan again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chainmeet.accounts import account_link
from chainmeet.demo.event import DemoEvent, sights
from chainmeet.plan_check import Findings, examine
from chainmeet.stack.embedded import Stack
from chainmeet.stack.ports import HOST
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.plan import NOT_EXAMINED, Number
from scheduler.files.plan_file import read_plan
from scheduler.files.problem_file import read_problem
from scheduler.services.outbox import outbox
from scheduler.services.planning.runs import runs
from scheduler.services.problems import stored_problems
from scheduler.storage.database import Database
from scheduler.storage.models import Run, ScheduleVersion

ENOUGH = 0.95
"""Required share of the weight that can be served."""
LINKS_VALID = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of the demo.

    `notifications` counts emails queued by this publication, `mails` those of the event, and `unexamined`
    unscheduled requests without a reason.
    """

    version: ScheduleVersion
    findings: Findings
    served_bound: Number
    notifications: int
    mails: outbox.OutboxCounts
    unexamined: int

    @property
    def share(self) -> float:
        return self.findings.score.terms["served"] / self.served_bound if self.served_bound else 1.0

    @property
    def is_good(self) -> bool:
        """True if no rule is violated, enough is served, every unscheduled request has a reason, and all
        emails arrived.
        """
        undelivered = self.mails.queued + self.mails.sending + self.mails.failed
        is_plan_good = not self.findings.faults and self.share >= ENOUGH and not self.unexamined
        return is_plan_good and not undelivered


def judge(
    database: Database, run: Run, version: ScheduleVersion, notifications: int, mails: outbox.OutboxCounts
) -> Outcome:
    """Load the problem and plan of the run and check them."""
    with database.read() as session:
        files = stored_problems.load_problem_file(session, run.id), runs.get_plan_file(session, run.id)
    if files[0] is None or files[1] is None:
        raise ChainmeetError(f"Run {run.number} stored no problem and plan.")
    problem, plan = read_problem(files[0]), read_plan(files[1])
    everything = sum(request.weight for request in problem.requests)
    bound = everything if plan.served_bound is None else plan.served_bound
    unexamined = sum(row.reason == NOT_EXAMINED for row in plan.unscheduled)
    return Outcome(version, examine(problem, plan), bound, notifications, mails, unexamined)


def print_summary(console: Console, stack: Stack, event: DemoEvent, outcome: Outcome, seconds: float) -> None:
    """Print the figures, then links to pages."""
    console.print(_table(outcome, event, seconds))
    for fault in outcome.findings.faults[:10]:
        console.print(f"[red]{escape(fault)}[/]")
    console.print(f"Site:          {stack.settings.base_url}")
    console.print(f"Test inbox:    {stack.settings.mail_catcher_url}")
    console.print(f"Email replies: LMTP on {HOST}:{stack.answers_port}", highlight=False)
    console.print("Sign-in links (each works once):")
    for role, email, name in sights(stack.database, event.id, outcome.version.id):
        link = account_link(stack.database, stack.settings, email, LINKS_VALID)
        console.print(f"  {role:<10} {link}  [dim]{escape(name or email)}[/]", soft_wrap=True)


def _table(outcome: Outcome, event: DemoEvent, seconds: float) -> Table:
    findings, terms, mails = outcome.findings, outcome.findings.score.terms, outcome.mails
    title = f"{escape(event.name)}: version {outcome.version.number} is published"
    table = Table(title=title, show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    rows = [
        ("Rule violations", f"{len(findings.faults)}"),
        ("Scheduled meetings, of accepted requests", f"{findings.scheduled:,} of {findings.requests:,}"),
        ("Unscheduled without a reason", f"{outcome.unexamined:,}"),
        (
            "Priority points scheduled, of the proven maximum",
            f"{outcome.share:.2%} of {outcome.served_bound:,.0f}",
        ),
        ("Score", f"{findings.score.total:,.0f}"),
        ("Idle slots", f"{terms['idle']:,}"),
        ("Hall changes", f"{terms['hall_change']:,}"),
        ("Emails of this publication", f"{outcome.notifications:,}"),
        ("Emails sent so far", f"{mails.sent:,}" + (f", {mails.failed:,} failed" if mails.failed else "")),
        ("Emails still queued", f"{mails.queued + mails.sending:,}"),
        ("Time", f"{seconds:.0f} s"),
    ]
    for row in rows:
        table.add_row(*row)
    return table
