from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.domain.changes import Change, ChangeKind, ChangeSet, compare_plans
from scheduler.domain.plan import Meeting
from tests.support.builders import meet

BEFORE = meet("r1", "s0", "t1", "a1 b1")


@pytest.mark.parametrize(
    ("after", "kind", "details"),
    [
        (meet("r1", "s0", "t1", "a1 b1"), ChangeKind.UNCHANGED, ()),
        (meet("r1", "s0", "t1", "b1 a1"), ChangeKind.UNCHANGED, ()),
        (meet("r1", "s1", "t1", "a1 b1"), ChangeKind.MOVED, ("slot",)),
        (meet("r1", "s0", "t2", "a1 b1"), ChangeKind.RELOCATED, ("place",)),
        (meet("r1", "s0", "t1", "a2 b1"), ChangeKind.REASSIGNED, ("attendees",)),
        (meet("r1", "s0", "t1", "a1 b1", "i1"), ChangeKind.REASSIGNED, ("interpreter",)),
        (meet("r1", "s0", "t2", "a2 b1"), ChangeKind.RELOCATED, ("place", "attendees")),
        (
            meet("r1", "s1", "t2", "a2 b1", "i1"),
            ChangeKind.MOVED,
            ("slot", "place", "attendees", "interpreter"),
        ),
    ],
)
def test_a_meeting_that_is_in_both_plans_has_the_first_kind_that_fits(
    after: Meeting, kind: ChangeKind, details: tuple[str, ...]
) -> None:
    assert compare_plans([BEFORE], [after]) == ChangeSet((Change("r1", kind, BEFORE, after, details),))


def test_a_meeting_of_the_new_plan_alone_is_added_and_one_of_the_old_plan_alone_is_cancelled() -> None:
    other = meet("r2", "s0", "t2", "c1 d1")
    assert compare_plans([BEFORE], [other]) == ChangeSet(
        (
            Change("r2", ChangeKind.ADDED, None, other),
            Change("r1", ChangeKind.CANCELLED, BEFORE, None),
        )
    )


def test_changes_stand_by_kind_and_then_by_request() -> None:
    old = [meet("r3", "s0", "t1", "a b"), meet("r2", "s1", "t1", "a b"), meet("r1", "s2", "t1", "a b")]
    new = [meet("r1", "s3", "t1", "a b"), meet("r3", "s4", "t1", "a b"), meet("r0", "s5", "t1", "a b")]
    order = [(change.kind, change.request) for change in compare_plans(old, new).changes]
    assert order == [
        (ChangeKind.ADDED, "r0"),
        (ChangeKind.MOVED, "r1"),
        (ChangeKind.MOVED, "r3"),
        (ChangeKind.CANCELLED, "r2"),
    ]


def test_everybody_who_sits_or_sat_in_a_meeting_that_differs_is_told() -> None:
    old = [BEFORE, meet("r2", "s1", "t1", "c1 d1"), meet("r3", "s2", "t1", "e1 f1")]
    new = [meet("r1", "s0", "t1", "a2 b1"), meet("r2", "s1", "t1", "c1 d1"), meet("r4", "s2", "t1", "g1 h1")]
    assert compare_plans(old, new).people_notified() == ("a1", "a2", "b1", "e1", "f1", "g1", "h1")


def test_touched_counts_what_was_in_calendars_and_is_no_longer_so() -> None:
    old = [meet(f"r{i}", "s0", "t1", "a b") for i in range(5)]
    new = [
        meet("r0", "s1", "t1", "a b"),
        meet("r1", "s0", "t2", "a b"),
        meet("r2", "s0", "t1", "c b"),
        meet("r3", "s0", "t1", "a b"),
        meet("r9", "s0", "t1", "a b"),
    ]
    changes = compare_plans(old, new)
    assert dict(changes.counts) == dict.fromkeys(ChangeKind, 1)
    assert changes.touched == 4


def test_two_equal_plans_change_nothing_and_tell_nobody() -> None:
    changes = compare_plans([BEFORE], [BEFORE])
    assert not changes
    assert changes.people_notified() == ()
    assert changes.touched == 0


def test_two_empty_plans_change_nothing() -> None:
    assert compare_plans([], []) == ChangeSet(())
    assert not compare_plans([], [])


def test_json_counts_the_unchanged_and_lists_the_rest() -> None:
    moved = meet("r2", "s1", "t1", "c1 d1")
    published = meet("r2", "s0", "t1", "c1 d1")
    assert compare_plans([BEFORE, published], [BEFORE, moved]).to_json() == {
        "counts": {"added": 0, "moved": 1, "relocated": 0, "reassigned": 0, "cancelled": 0, "unchanged": 1},
        "touched": 1,
        "people_notified": ["c1", "d1"],
        "changes": [
            {
                "request": "r2",
                "kind": "moved",
                "before": published.to_json(),
                "after": moved.to_json(),
                "details": ["slot"],
            }
        ],
    }


def meetings() -> st.SearchStrategy[list[Meeting]]:
    words = st.sampled_from(["x", "y"])
    people = st.lists(st.sampled_from("abc"), max_size=2).map(tuple)
    one = st.builds(Meeting, st.sampled_from(["r0", "r1", "r2"]), words, words, people, st.none() | words)
    return st.lists(one, unique_by=lambda meeting: meeting.request)


@given(meetings(), meetings())
def test_every_request_of_either_plan_has_one_change_and_the_way_back_mirrors_it(
    old: list[Meeting], new: list[Meeting]
) -> None:
    there, back = compare_plans(old, new), compare_plans(new, old)
    assert {c.request for c in there.changes} == {m.request for m in [*old, *new]}
    assert len({c.request for c in there.changes}) == len(there.changes)
    mirror = {ChangeKind.ADDED: ChangeKind.CANCELLED, ChangeKind.CANCELLED: ChangeKind.ADDED}
    assert {(c.request, mirror.get(c.kind, c.kind)) for c in there.changes} == {
        (c.request, c.kind) for c in back.changes
    }
    assert there.people_notified() == back.people_notified()
