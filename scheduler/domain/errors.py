"""Exception hierarchy: one root, one class per cause, each carrying its data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.i18n import gettext_lazy, untranslated

GONE = gettext_lazy("This no longer exists, or you don't have access to it. Reload the page.")
"""Page text for an object that is not found."""
MAX_FAULTS_SHOWN = 30
"""Faults listed in an error message. The rest are counted."""


class ChainmeetError(Exception):
    """Root of every error that Chainmeet raises on purpose. `str()` is a readable sentence.

    It is the original message object, which a page can translate.
    """

    code = "error"
    general: str = gettext_lazy("That didn't work. Reload the page, or contact the operator of this site.")
    """Fallback in languages without a translation of the message."""

    @property
    def user_message(self) -> str:
        """Message shown on a page."""
        return untranslated(str(self), self.general)

    def __str__(self) -> str:
        first: object = self.args[0] if self.args else ""
        return first if isinstance(first, str) else str(first)


@dataclass(frozen=True, slots=True)
class Fault:
    """One validation error: its path (`requests[3].weight`) and how to fix it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidInput(ChainmeetError):
    """Input failed validation. `faults` lists every error by field, row or path."""

    code = "invalid-input"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [str(fault) for fault in self.faults[:MAX_FAULTS_SHOWN]]
        if len(self.faults) > MAX_FAULTS_SHOWN:
            lines.append(
                f"... and {len(self.faults) - MAX_FAULTS_SHOWN:,} more, {len(self.faults):,} faults in all"
            )
        super().__init__("\n".join(lines))


class MalformedProblem(InvalidInput):
    """A problem file violates the format."""

    code = "malformed-problem"


class MalformedPlan(InvalidInput):
    """A plan file violates the format."""

    code = "malformed-plan"


class NotFound(ChainmeetError):
    """The object does not exist, or is not visible to the caller."""

    code = "not-found"

    def __init__(self, what: str, key: object) -> None:
        self.what, self.key = what, key
        super().__init__(f"There is no {what} {key!r} here.")

    @property
    def user_message(self) -> str:
        return GONE


class EventArchived(ChainmeetError):
    """A link in an email leads to an archived event. `language` is the language of that email."""

    code = "event-over"

    def __init__(self, event_name: str, *, contact: str, language: str) -> None:
        self.event_name, self.contact, self.language = event_name, contact, language
        super().__init__(f"{event_name} is over. Nothing is changed, and no more mails come from it.")


class NotAllowed(ChainmeetError):
    """The caller may see the object but lacks permission for this action."""

    code = "not-allowed"
    general = gettext_lazy("You don't have permission to do this.")


class RecentSignInRequired(ChainmeetError):
    """A sensitive action requires a recent sign-in. `what` names the action."""

    code = "sign-in-needed"
    general = gettext_lazy("Sign in again first.")

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(self.general)


class WrongState(ChainmeetError):
    """The object's state does not allow the step. Nothing was changed.

    `user_message` is the translatable page text. It defaults to the message itself.
    """

    code = "wrong-state"
    general = gettext_lazy(
        "Something has changed in the meantime, so this is no longer possible. Reload the page."
    )

    def __init__(self, what: str, key: object, state: str, step: str, user_message: str = "") -> None:
        self.what, self.key, self.state, self.step = what, key, state, step
        ending = " already." if state == step else f"; it cannot be {step}."
        super().__init__(f"The {what} {key} is {state}{ending}")
        self._user_message = user_message

    @property
    def user_message(self) -> str:
        return self._user_message or super().user_message


class RunAlreadyOpen(ChainmeetError):
    """The event already has a queued or running run. At most one is open at a time."""

    code = "run-already-open"

    def __init__(self, event: str, run: int | None) -> None:
        self.event, self.run = event, run
        super().__init__(
            gettext_lazy(
                "%(event)s already has an open run (run %(run)s). Wait for it to finish, or cancel it.",
                event=event,
                run=str(run),
            )
        )


class VersionConflict(ChainmeetError):
    """Another version was published after the change set was computed."""

    code = "version-conflict"

    def __init__(self, compared_with: int | None, published: int | None) -> None:
        self.compared_with, self.published = compared_with, published
        super().__init__(_conflict(compared_with, published))


def _conflict(compared_with: int | None, published: int | None) -> str:
    if compared_with is None:
        return gettext_lazy(
            "The changes were reviewed when no version was published, but version %(now)s "
            "is published now. Review them again before you publish.",
            now=str(published),
        )
    if published is None:
        return gettext_lazy(
            "The changes were compared with version %(was)s, but no version is published "
            "now. Review them again before you publish.",
            was=str(compared_with),
        )
    return gettext_lazy(
        "The changes were compared with version %(was)s, but version %(now)s is "
        "published now. Review them again before you publish.",
        was=str(compared_with),
        now=str(published),
    )


class EditConflict(ChainmeetError):
    """Concurrent manual edit: the object changed since it was loaded. Nothing was changed."""

    code = "changed-meanwhile"


class VenueChanged(ChainmeetError):
    """The version cannot be published: it has meetings at times that the venue no longer offers."""

    code = "venue-changed"

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(
            gettext_lazy(
                "Version %(number)s has meetings at times that the venue no longer has. Start a"
                " run to get a draft with other times.",
                number=str(version),
            )
        )


class ComparisonNotReady(ChainmeetError):
    """A worker is still comparing the version with the published one. Retry in a few seconds."""

    code = "comparison-not-ready"

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(
            gettext_lazy(
                "The effects of publishing version %(number)s are still being calculated. Try again soon.",
                number=str(version),
            )
        )


class PublishingInProgress(ChainmeetError):
    """The event is already being published. At most one publication is open at a time."""

    code = "publishing-open"

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(
            gettext_lazy("Version %(number)s is being published. Wait until it is done.", number=str(version))
        )


class PlanRejected(ChainmeetError):
    """The plan violates a hard rule, or claims a score that it does not have. It is not stored."""

    code = "plan-rejected"

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("The plan was rejected: " + "; ".join(self.reasons[:5]))
