"""Subjects of audit log entries: stored in English, translated back by the catalogues."""

from __future__ import annotations


class AuditSubject(str):
    """The subject of an entry, in English, as stored and hashed. A plain name is a subject too."""

    __slots__ = ()


def pgettext_lazy(_context: str, text: str, /, **values: object) -> AuditSubject:
    """Fill in a subject's text with its values. Pages match the stored text by its pattern to translate it.

    The context is "audit log" in every call, so that catalogues keep these texts apart from others that are
    equal. A value that is an audit subject itself is translated too. Other values stay as they are.
    """
    return AuditSubject(text % values if values else text)


def step_subject(kind: str, subject: str) -> AuditSubject:
    """Return the subject of a step on participants or on a request."""
    return AuditSubject(_STEPS[kind] % {"subject": subject})


def unusable_link_subject(reason: str) -> AuditSubject:
    """Return the subject of a rejected sign-in link: unknown, used or expired."""
    return _LINKS[reason]


def operator_subject(address: str) -> AuditSubject:
    """Return the subject of entries about an operator."""
    return pgettext_lazy("audit log", "operator %(address)s", address=address)


def key_added_subject(number: int) -> AuditSubject:
    """Return the subject of a new secret key."""
    return pgettext_lazy("trail", "secret key %(number)s added", number=number)


def key_ended_subject(number: int) -> AuditSubject:
    """Return the subject of a secret key that ended."""
    return pgettext_lazy("trail", "secret key %(number)s ended", number=number)


NOTHING = AuditSubject()
"""Subject of an entry whose act needs no further detail."""

_LINKS = {
    "unknown": pgettext_lazy("audit log", "unknown link"),
    "used": pgettext_lazy("audit log", "used link"),
    "expired": pgettext_lazy("audit log", "expired link"),
}
_STEPS = {
    "edit": pgettext_lazy("audit log", "edit: %(subject)s"),
    "withdraw": pgettext_lazy("audit log", "withdraw: %(subject)s"),
    "bring-back": pgettext_lazy("audit log", "restore: %(subject)s"),
    "absence": pgettext_lazy("audit log", "absence: %(subject)s"),
    "shifts": pgettext_lazy("audit log", "shifts: %(subject)s"),
    "merge": pgettext_lazy("audit log", "merge: %(subject)s"),
    "import": pgettext_lazy("audit log", "import: %(subject)s"),
    "remedy": pgettext_lazy("audit log", "fix: %(subject)s"),
    "register": pgettext_lazy("audit log", "register: %(subject)s"),
    "ask": pgettext_lazy("audit log", "send request: %(subject)s"),
    "accept": pgettext_lazy("audit log", "accept: %(subject)s"),
    "decline": pgettext_lazy("audit log", "decline: %(subject)s"),
    "undo": pgettext_lazy("audit log", "undo: %(subject)s"),
}
