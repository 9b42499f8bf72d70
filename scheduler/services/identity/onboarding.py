"""First steps of organisers and exhibitors: which are done, who hides them, and who has saved busy times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.storage.models import OnboardingState


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """The first steps in order: True by name for each step that is done."""

    steps: Mapping[str, bool]
    is_hidden: bool

    @property
    def done(self) -> int:
        """The number of steps that are done."""
        return sum(self.steps.values())

    @property
    def coming(self) -> str | None:
        """The first step that is not done, or None if all are."""
        return next((name for name, is_done in self.steps.items() if not is_done), None)

    @property
    def is_on_dashboard(self) -> bool:
        """True until all steps are done or the person hides them."""
        return not self.is_hidden and self.coming is not None


def hide_first_steps(session: Session, actor: Actor, *, is_hidden: bool) -> None:
    """Hide the first steps on the actor's dashboard, or show them again.

    Raises NotAllowed unless the actor is an organiser or a company contact.
    """
    if not actor.is_organiser and not actor.is_exhibitor:
        raise NotAllowed(gettext_lazy("Only organisers and company contacts have first steps."))
    _save(session, actor, is_hidden=is_hidden)


def record_saved_times(session: Session, actor: Actor) -> None:
    """Record that the actor has saved their busy times, even if there are none."""
    _save(session, actor, has_saved_times=True)


def find_state(session: Session, actor: Actor) -> tuple[bool, bool]:
    """Return whether the actor hides the first steps, and whether they have saved their busy times."""
    row = session.execute(
        select(OnboardingState.is_hidden, OnboardingState.has_saved_times).where(
            OnboardingState.event_id == actor.event_id, OnboardingState.account_id == actor.account_id
        )
    ).one_or_none()
    return (row.is_hidden, row.has_saved_times) if row is not None else (False, False)


def _save(session: Session, actor: Actor, **values: bool) -> None:
    if actor.account_id is None:
        return
    dialect: Any = {"postgresql": postgresql, "sqlite": sqlite}[session.get_bind().dialect.name]
    insertion = dialect.insert(OnboardingState).values(
        event_id=actor.event_id, account_id=actor.account_id, **values
    )
    session.execute(insertion.on_conflict_do_update(index_elements=["event_id", "account_id"], set_=values))
