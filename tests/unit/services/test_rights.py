"""Permissions are one matrix, and docs/rights.md shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.domain.errors import NotAllowed
from scheduler.services.identity import api_tokens, rights
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import MATRIX, SCOPES, Reach, Right, Role

DOCUMENT = Path(__file__).parents[3] / "docs/rights.md"
REACHES = {
    None: "–",
    Reach.PERSON: "oneself",
    Reach.FIRM: "own firm",
    Reach.DELEGATION: "own delegation",
    Reach.EVENT: "all",
}
HEADS = {
    Role.VIEWER: "viewer",
    Role.HELP_DESK: "help desk member",
    Role.DELEGATION_MANAGER: "delegation manager",
}
"""Columns of the roles whose stored value is another word."""


def table() -> str:
    """Return the matrix as in docs/rights.md."""
    heads = ["To", *(HEADS.get(role, role.value) for role in Role), "API token with"]
    rows = [heads, ["---"] * len(heads)]
    for right in Right:
        scopes = " or ".join(f"`{scope}`" for scope in sorted(SCOPES.get(right, ())))
        by_token = "any scope" if right in rights.ANY_TOKEN else scopes or "–"
        rows.append([right.value, *(REACHES[MATRIX[role].get(right)] for role in Role), by_token])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def test_the_document_shows_the_matrix() -> None:
    assert table() in DOCUMENT.read_text("utf-8"), f"write this into {DOCUMENT.name}:\n{table()}"


def test_every_role_has_a_row_and_every_right_is_some_role_s() -> None:
    assert set(MATRIX) == set(Role)
    assert {right for row in MATRIX.values() for right in row} == set(Right)


def test_every_scope_of_a_token_lets_it_do_something() -> None:
    assert {scope for scopes in SCOPES.values() for scope in scopes} == set(api_tokens.SCOPES)


def member(**more: object) -> Actor:
    """Return person 1 of firm 7."""
    return Actor(**{"account_id": 5, "event_id": 1, "event_key": "e", "attendee_id": 1, "firm_id": 7, **more})


def test_a_right_goes_as_far_as_its_reach() -> None:
    attendee, exhibitor = member(), member(is_exhibitor=True)
    organiser = member(team_role=Role.ORGANISER, attendee_id=None, firm_id=None)
    agenda = Right.READ_AGENDAS
    assert attendee.may(agenda, attendee_id=1, firm_id=7) and not attendee.may(
        agenda, attendee_id=2, firm_id=7
    )
    assert exhibitor.may(agenda, attendee_id=2, firm_id=7)
    assert not exhibitor.may(agenda, attendee_id=3, firm_id=8) and not exhibitor.may(agenda)
    assert organiser.may(agenda, attendee_id=3, firm_id=8) and organiser.may(agenda)
    assert not attendee.may(Right.REQUEST_MEETINGS, firm_id=7) and not attendee.may(Right.MANAGE_RUNS)


def test_who_belongs_to_no_firm_has_no_right_of_one() -> None:
    nobody = member(attendee_id=None, firm_id=None)
    assert not any(nobody.may(right, firm_id=None, attendee_id=None) for right in Right)


def test_of_several_roles_the_farthest_reach_counts() -> None:
    both = member(team_role=Role.ORGANISER, is_exhibitor=True)
    assert both.may(Right.REQUEST_MEETINGS, firm_id=8) and both.own(Right.EDIT_BUSY_TIMES) == 1


def test_nobody_does_for_another_what_is_a_person_s_own() -> None:
    organiser = member(team_role=Role.ORGANISER, attendee_id=None, firm_id=None)
    assert organiser.own(Right.EDIT_BUSY_TIMES) is None
    assert not organiser.may(Right.EDIT_BUSY_TIMES, attendee_id=1)


def test_a_token_needs_the_role_and_a_scope() -> None:
    token = member(team_role=Role.ORGANISER, scopes=frozenset({"runs:read"}))
    token.require(Right.READ_RUNS)
    token.require(Right.READ_EVENT)
    with pytest.raises(NotAllowed, match="does not have the scope runs:write"):
        token.require(Right.MANAGE_RUNS)
    with pytest.raises(NotAllowed, match="Only a signed-in person can"):
        token.require(Right.MANAGE_ALL_TOKENS)
    with pytest.raises(NotAllowed, match="Only an organiser"):
        member(scopes=frozenset({"runs:read"})).require(Right.READ_RUNS)
