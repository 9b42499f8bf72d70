"""What an entry of the trail is about: kept in English, and read back by the texts of the catalogs."""

from __future__ import annotations


class Noted(str):
    """What an entry is about, in English, as the table and its hashes keep it. A name alone is one too."""

    __slots__ = ()


def noted(_context: str, text: str, /, **values: object) -> Noted:
    """A text with its values. Pages know it again in the table by its form, in every language.

    Its context is "trail" in every call: so catalogs have these texts apart from others that are alike. A
    value that is such a text too is said in the reader's language; any other stays as it is.
    """
    return Noted(text % values if values else text)


def step(kind: str, subject: str) -> Noted:
    """A step of the people desk, or of a request, and what it was done to."""
    return Noted(_STEPS[kind] % {"subject": subject})


def unusable_link(reason: str) -> Noted:
    """A sign-in link that let nobody in: unknown, used or expired."""
    return _LINKS[reason]


NOTHING = Noted()
"""Of an entry whose act says all."""

_LINKS = {
    "unknown": noted("trail", "a link that was unknown"),
    "used": noted("trail", "a link that was used"),
    "expired": noted("trail", "a link that was expired"),
}
_STEPS = {
    "edit": noted("trail", "edit: %(subject)s"),
    "withdraw": noted("trail", "withdraw: %(subject)s"),
    "bring-back": noted("trail", "bring-back: %(subject)s"),
    "absence": noted("trail", "absence: %(subject)s"),
    "shifts": noted("trail", "shifts: %(subject)s"),
    "merge": noted("trail", "merge: %(subject)s"),
    "import": noted("trail", "import: %(subject)s"),
    "remedy": noted("trail", "remedy: %(subject)s"),
    "register": noted("trail", "register: %(subject)s"),
    "ask": noted("trail", "ask: %(subject)s"),
    "accept": noted("trail", "accept: %(subject)s"),
    "decline": noted("trail", "decline: %(subject)s"),
    "undo": noted("trail", "undo: %(subject)s"),
}
