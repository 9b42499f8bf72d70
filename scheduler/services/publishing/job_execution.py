"""Execution of version jobs: short, idempotent transactions, one per step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog
from sqlalchemy.orm import Session

from scheduler import logs
from scheduler.config import Settings
from scheduler.domain.entities import JobKind, VersionState
from scheduler.domain.errors import ChainmeetError
from scheduler.i18n import Separator, gettext_lazy, join_texts
from scheduler.services.operations.database_retries import retry_while_unavailable
from scheduler.services.publishing import comparisons, release, summaries, version_jobs
from scheduler.services.publishing.comparisons import ComputedComparison
from scheduler.services.publishing.invitation_diff import InvitationPlan
from scheduler.services.publishing.overnight import limits, report
from scheduler.services.publishing.overnight.overnight_budget import OvernightBudget
from scheduler.services.publishing.version_jobs import ClaimedJob, JobLost
from scheduler.storage.database import Database
from scheduler.storage.models import OutboxEmail, ScheduleVersion, VersionJob

log = structlog.get_logger()


_GROWN: Final = (OutboxEmail.__tablename__,)
"""Tables that a large publication changes so much that PostgreSQL needs new statistics at once.

Until then it expects no queued email, and each poll of a calendar searches all that are queued for those of
one person (`benchmarks/polls.py`).
"""
_MANY: Final = 2
"""Portions of a large publication."""


class JobEnding(StrEnum):
    """How a job's task ended."""

    NOT_CLAIMED = "not_claimed"  # another worker has it or has finished it
    DONE = "done"
    FAILED = "failed"
    PUT_BACK = "put_back"  # queued again, as the worker shuts down or the first attempt failed
    LOST = "lost"  # another worker took it over


class TooManyChanges(ChainmeetError):
    """Raised if an unattended publication would change more meetings than its budget allows."""

    code = "too-much-changes"

    def __init__(self, number: int, touched: int, budget: int) -> None:
        super().__init__(
            gettext_lazy(
                "Version %(number)s was not published. It changes %(touched)s meetings in "
                "people's calendars. Automatic publication may change at most %(budget)s. "
                "Review the draft and publish it.",
                number=str(number),
                touched=f"{touched:,}",
                budget=f"{budget:,}",
            )
        )


class OvernightBudgetExceeded(ChainmeetError):
    """Raised if an overnight run would publish more changes than its budget allows."""

    code = "beyond-the-night"

    def __init__(self, number: int, excess: Sequence[str]) -> None:
        super().__init__(
            gettext_lazy(
                "The overnight run did not publish version %(number)s: %(why)s. Review the "
                "draft, and publish it if you want these changes.",
                number=str(number),
                why=join_texts(excess, Separator.CLAUSES),
            )
        )


class _Stopped(Exception):
    """Raised if the process shuts down."""


def execute_job(
    database: Database,
    job_id: int,
    *,
    worker: str,
    settings: Settings,
    should_stop: Callable[[], bool] = lambda: False,
) -> JobEnding:
    """Execute a job from claim to end.

    A problem of the version ends it as failed, with a message. Any other error is retried once and then fails
    too. Raises nothing; every failure is reported.
    """
    with database.write() as session:
        job = version_jobs.claim_job(session, job_id, worker, now=database.now_in(session))
    if job is None:
        return JobEnding.NOT_CLAIMED
    logs.bind_request(job.web_request)
    work = _Work(database, job, ClaimedJob(job_id, worker), settings, should_stop)
    try:
        work.do()
    except JobLost as lost:
        log.warning("job lost", job=job_id, reason=str(lost))
        return JobEnding.LOST
    except _Stopped:
        return work.put_back(None)
    except ChainmeetError as error:
        return work.fail(str(error))
    except Exception as error:
        log.exception("job failed", job=job_id, attempt=job.attempts)
        return work.try_again(error)
    return JobEnding.DONE


@dataclass(frozen=True, slots=True)
class _Work:
    """A job that this worker has claimed."""

    database: Database
    job: VersionJob
    held: ClaimedJob
    settings: Settings
    should_stop: Callable[[], bool]

    def do(self) -> None:
        steps = {
            JobKind.COMPARE: self.compare,
            JobKind.PUBLISH: self.publish,
            JobKind.BEGIN: self.begin,
            JobKind.EXPLAIN: self.explain,
        }
        steps[self.job.kind]()

    def begin(self) -> None:
        """Create a manual draft in one transaction, so that another attempt finds all of it or nothing."""
        with self.database.write() as session:
            now = self.database.now_in(session)
            base = session.get_one(ScheduleVersion, self.job.version_id)
            release.create_manual_draft(session, base, by=self.job.requested_by, now=now)
            version_jobs.finish_job(session, self.held, now=now)

    def explain(self) -> None:
        """Explain unscheduled requests outside transactions, because it takes up to minutes."""
        from scheduler.services.publishing import explanations  # imported here, because it loads the solver

        with self.database.read() as session:
            now = self.database.now_in(session)
            left = explanations.read_explanation_input(session, self.job.version_id, now=now)
        answer = explanations.explain_unscheduled(left, report=self.report, should_stop=self.should_stop)
        self.stop_here()
        with self.database.write() as session:
            explanations.store_explanation(session, self.job.version_id, answer)
            version_jobs.finish_job(session, self.held, now=self.database.now_in(session))

    def compare(self) -> None:
        worked = self.work_out(with_mails=True)
        with self.database.write() as session:
            now = self.database.now_in(session)
            comparisons.store_comparison(session, worked)
            version_jobs.finish_job(session, self.held, now=now)
            report.report_draft(session, session.get_one(ScheduleVersion, self.job.version_id), now=now)

    def publish(self) -> None:
        """Publish the version and queue its emails.

        A version that is already published was so by an earlier attempt, which has queued some of the emails.
        """
        with self.database.read() as session:
            version = session.get_one(ScheduleVersion, self.job.version_id)
        if version.state is not VersionState.PUBLISHED:
            self.check_budget(version)
            version = self.make_published(version.number)
        self.tell(version)
        worked = self.work_out(with_mails=True) if self.is_overnight() else None
        with self.database.write() as session:
            now = self.database.now_in(session)
            version_jobs.finish_job(session, self.held, now=now)
            if worked is not None:
                comparisons.store_comparison(session, worked)
                told = session.get_one(ScheduleVersion, self.job.version_id)
                report.report_published(session, told, now=now)

    def check_budget(self, version: ScheduleVersion) -> None:
        """Raises TooManyChanges, OvernightBudgetExceeded."""
        allowed = self.change_budget()
        if self.job.budget is None and allowed is None:
            return
        worked = self.work_out(with_mails=False)
        touched = worked.comparison.touched
        if self.job.budget is not None and touched > self.job.budget:
            raise TooManyChanges(version.number, touched, self.job.budget)
        if allowed is not None:
            with self.database.read() as session:
                excess = limits.list_limit_violations(
                    session,
                    version,
                    allowed,
                    worked.changes,
                    published=worked.published,
                    now=self.database.now_in(session),
                )
            if excess:
                raise OvernightBudgetExceeded(version.number, excess)

    def is_overnight(self) -> bool:
        """Return True if an overnight run requested the job, and no person."""
        with self.database.read() as session:
            version = session.get_one(ScheduleVersion, self.job.version_id)
            return self.job.requested_by is None and report.is_from_overnight_run(session, version)

    def change_budget(self) -> OvernightBudget | None:
        """Return the budget of the overnight run that requested the publication, if one did."""
        with self.database.read() as session:
            version = session.get_one(ScheduleVersion, self.job.version_id)
            if self.job.requested_by is not None or version.run is None:
                return None
            found = version.run.change_budget
        return OvernightBudget(**found) if found else None

    def make_published(self, number: int) -> ScheduleVersion:
        """Publish in one transaction, so that all readers see the version, or none."""

        def work(session: Session) -> ScheduleVersion:
            now = self.database.now_in(session)
            draft = session.get_one(ScheduleVersion, self.job.version_id)
            was_current = comparisons.current_comparison(session, draft) is not None
            version = release.make_published(
                session,
                event_id=self.job.event_id,
                number=number,
                compared_with=self.job.compared_with,
                by=self.job.requested_by,
                now=now,
            )
            comparisons.finalize_comparison(session, version, was_current=was_current)
            self.held.report(session, now=now)
            return version

        return self.database.transact(work)

    def tell(self, version: ScheduleVersion) -> None:
        """Queue emails in batches, one transaction each, so that requests and responses need not wait.

        All have one DTSTAMP.
        """
        published_at = version.published_at or self.database.now()
        with self.database.read() as session:
            seen = release.plan_invitations(session, version, self.settings, now=published_at)
            waiting = summaries.find_summary_attendees(session, version.event_id)
        people = seen.changed.keys() | waiting
        done = sum(person <= self.job.after for person in people)
        self.report(done, len(people))
        portions = 0
        for portions, portion in enumerate(seen.portions(waiting, after=self.job.after), 1):
            self.stop_here()
            done += len(portion)
            self.tell_some(seen, version.number, portion, done)
            if portions == _MANY:
                self.database.count_anew(_GROWN)
        self.brief(version, published_at)
        if portions >= _MANY:
            self.database.count_anew(_GROWN)

    def tell_some(self, seen: InvitationPlan, number: int, people: Sequence[int], done: int) -> None:
        def work(session: Session) -> None:
            mails = VersionJob.mails + release.queue_publish_emails(session, seen, number, people)
            now = self.database.now_in(session)
            self.held.report(session, now=now, done=done, after=people[-1], mails=mails)

        self.database.transact(work)

    def brief(self, version: ScheduleVersion, published_at: datetime) -> None:
        def work(session: Session) -> None:
            mails = VersionJob.mails + release.queue_interpreter_notices(
                session, version, self.settings, now=published_at
            )
            self.held.report(session, now=self.database.now_in(session), mails=mails)

        self.database.transact(work)

    def work_out(self, *, with_mails: bool) -> ComputedComparison:
        with self.database.read() as session:
            version = session.get_one(ScheduleVersion, self.job.version_id)
            return comparisons.compute_comparison(
                session,
                version,
                self.settings,
                now=self.database.now_in(session),
                with_mails=with_mails,
                report=self.report,
            )

    def report(self, done: int, total: int) -> None:
        self.stop_here()
        with self.database.write() as session:
            self.held.report(session, now=self.database.now_in(session), done=done, total=total)

    def stop_here(self) -> None:
        if self.should_stop():
            raise _Stopped

    # Endings

    def put_back(self, error: str | None) -> JobEnding:
        return self.end(JobEnding.PUT_BACK, version_jobs.requeue_job, error)

    def fail(self, error: str) -> JobEnding:
        return self.end(JobEnding.FAILED, version_jobs.fail_job, error)

    def end(self, ending: JobEnding, write: Callable[..., None], error: str | None) -> JobEnding:
        """Record the ending, retrying until the database is available: an outage may be why the job ends."""

        def work() -> None:
            with self.database.write() as session:
                write(session, self.held, error=error, now=self.database.now_in(session))

        try:
            retry_while_unavailable(work)
        except JobLost as lost:
            log.warning("job lost", job=self.held.id, reason=str(lost))
            return JobEnding.LOST
        return ending

    def try_again(self, error: Exception) -> JobEnding:
        said = gettext_lazy(
            "It ended with an error (%(kind)s). See the log for details.", kind=type(error).__name__
        )
        if self.job.attempts >= version_jobs.MAX_ATTEMPTS:
            return self.fail(said)
        return self.put_back(said)
