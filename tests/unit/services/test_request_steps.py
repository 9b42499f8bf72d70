"""A request's states and permitted transitions: one table, here in plain terms."""

from __future__ import annotations

import pytest

from scheduler.domain.entities import RequestState
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.requests.transitions import STEPS, allowed_verbs
from scheduler.storage.models import MeetingRequest

ASKING, ASKED, OTHER = (
    Actor(firm, 1, "expo", attendee_id=firm, firm_id=firm, is_exhibitor=True) for firm in (1, 2, 3)
)
COLLEAGUE = Actor(4, 1, "expo", attendee_id=4, firm_id=1)
ORGANISER = Actor(5, 1, "expo", team_role=Role.ORGANISER)


@pytest.mark.parametrize(
    ("state", "asking", "asked"),
    [
        (RequestState.PENDING, ("withdraw",), ("accept", "decline")),
        (RequestState.ACCEPTED, ("withdraw",), ("withdraw",)),
        (RequestState.DECLINED, (), ("accept",)),
        (RequestState.WITHDRAWN, (), ()),
        (RequestState.EXPIRED, (), ()),
    ],
)
def test_each_side_has_its_steps_and_organisers_those_of_both(
    state: RequestState, asking: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    request = MeetingRequest(state=state, from_firm_id=1, to_firm_id=2)
    assert (allowed_verbs(ASKING, request), allowed_verbs(ASKED, request)) == (asking, asked)
    assert set(allowed_verbs(ORGANISER, request)) == {*asking, *asked}
    assert allowed_verbs(OTHER, request) == allowed_verbs(COLLEAGUE, request) == ()


def test_every_step_leads_to_another_state() -> None:
    assert all(step.after not in step.takers for step in STEPS)
