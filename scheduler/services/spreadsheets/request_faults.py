"""Messages about faults of request rows."""

from __future__ import annotations

from scheduler.i18n import gettext_lazy


def length_fault(most: int) -> str:
    """Return the message for a meeting longer than any block."""
    return gettext_lazy(
        "must be at most %(longest)s meeting times: no block of the event is longer", longest=most
    )


def unknown_state_fault(text: str) -> str:
    """Return the message for an unknown request state."""
    return gettext_lazy(
        "%(text)s is no state: it must be pending, accepted, declined, withdrawn or expired", text=repr(text)
    )


def unknown_person_fault(text: str) -> str:
    """Return the message for a person whom the firm does not have."""
    return gettext_lazy("%(text)s is nobody of that firm; write a key or a mail address", text=repr(text))


def key_taken_fault(pair: str) -> str:
    """Return the message for a key of another pair of firms."""
    return gettext_lazy("is the request %(value)s; give this one another key", value=pair)
