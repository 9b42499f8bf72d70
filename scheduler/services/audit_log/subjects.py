"""Subjects of audit log entries: stored in English, translated back by the catalogues."""

from __future__ import annotations


class AuditSubject(str):
    """What an entry is about, in English, as the table and its hashes keep it. A name alone is one too."""

    __slots__ = ()


def pgettext_lazy(_context: str, text: str, /, **values: object) -> AuditSubject:
    """A text with its values. Pages know it again in the table by its form, in every language.

    Its context is "trail" in every call: so catalogs have these texts apart from others that are alike. A
    value that is such a text too is said in the reader's language; any other stays as it is.
    """
    return AuditSubject(text % values if values else text)


def step_subject(kind: str, subject: str) -> AuditSubject:
    """A step of the people desk, or of a request, and what it was done to."""
    return AuditSubject(_STEPS[kind] % {"subject": subject})


def unusable_link_subject(reason: str) -> AuditSubject:
    """A sign-in link that let nobody in: unknown, used or expired."""
    return _LINKS[reason]


NOTHING = AuditSubject()
"""Of an entry whose act says all."""

_LINKS = {
    "unknown": pgettext_lazy("trail", "a link that was unknown"),
    "used": pgettext_lazy("trail", "a link that was used"),
    "expired": pgettext_lazy("trail", "a link that was expired"),
}
_STEPS = {
    "edit": pgettext_lazy("trail", "edit: %(subject)s"),
    "withdraw": pgettext_lazy("trail", "withdraw: %(subject)s"),
    "bring-back": pgettext_lazy("trail", "bring-back: %(subject)s"),
    "absence": pgettext_lazy("trail", "absence: %(subject)s"),
    "shifts": pgettext_lazy("trail", "shifts: %(subject)s"),
    "merge": pgettext_lazy("trail", "merge: %(subject)s"),
    "import": pgettext_lazy("trail", "import: %(subject)s"),
    "remedy": pgettext_lazy("trail", "remedy: %(subject)s"),
    "register": pgettext_lazy("trail", "register: %(subject)s"),
    "ask": pgettext_lazy("trail", "ask: %(subject)s"),
    "accept": pgettext_lazy("trail", "accept: %(subject)s"),
    "decline": pgettext_lazy("trail", "decline: %(subject)s"),
    "undo": pgettext_lazy("trail", "undo: %(subject)s"),
}
