"""The codes of reasons, by the condition that is most in the way, and what they say of a request."""

from __future__ import annotations

CODES = {
    "place-kind": "no-place",
    "language": "no-interpreter",
    "room": "no-common-slot",
    "closed": "no-common-slot",
    "away": "no-common-slot",
    "fixed": "fixed-clash",
    "frozen": "frozen",
    "busy": "people-busy",
    "place-full": "no-place",
    "interpreter-busy": "no-interpreter",
    "person-cap": "person-cap",
    "days-cap": "days-cap",
    "firm-cap": "firm-cap",
    "pair-cap": "pair-cap",
    "row-cap": "row-cap",
    "precedence": "precedence",
}

SENTENCES = {
    "no-place": "no place that it may be held at is free when its people are",
    "no-interpreter": "its people share no language, and no interpreter for them is free when they are",
    "no-common-slot": "there is no allowed time at which its people are all available",
    "fixed-clash": "it is fixed to a time or place at which it cannot be held",
    "frozen": "every time that is left for it starts in the frozen part of the event",
    "people-busy": "its people are in other meetings whenever they could meet",
    "person-cap": "an attendee whom it needs has reached their meetings a day",
    "days-cap": "an attendee whom it needs has meetings on as many days as they may",
    "firm-cap": "a firm has reached its meetings a day",
    "pair-cap": "on each day that is left, its people meet each other as often as they may already",
    "row-cap": "an attendee whom it needs would have more meetings in a row than they may",
    "precedence": "it would break the order in which it and another meeting must stand",
}

NOT_AT_A_PLACE = (
    "its people share no language, and when they are free no interpreter for them is free at a place for it"
)
TOO_FAR = "when its people are free, no free interpreter can walk there and on in time"
TIED_OR_TOO_FAR = "when its people are free, each free interpreter is tied elsewhere or too far away"
"""Sentences of `no-interpreter`: interpreters are tied to places, or far away, or either."""
