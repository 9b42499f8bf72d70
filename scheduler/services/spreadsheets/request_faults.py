"""Messages about faults of request rows."""

from __future__ import annotations

from scheduler.i18n import gettext_lazy


def length_fault(most: int) -> str:
    """Return the message for a meeting longer than any block."""
    return gettext_lazy("use at most %(longest)s slots; no block of the event is longer", longest=most)


def unknown_state_fault(text: str) -> str:
    """Return the message for an unknown request state."""
    return gettext_lazy(
        "%(text)s is not a status; enter pending, accepted, declined, withdrawn or expired", text=repr(text)
    )


def unknown_person_fault(text: str) -> str:
    """Return the message for a person whom the firm does not have."""
    return gettext_lazy(
        "%(text)s is not a person of that exhibitor; enter an ID or email address", text=repr(text)
    )


def key_taken_fault(pair: str) -> str:
    """Return the message for a key of another pair of firms."""
    return gettext_lazy("belongs to the request %(value)s; give this one another ID", value=pair)
