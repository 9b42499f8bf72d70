"""Request drafts to a firm, and templates for any firm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.references import FirmRef, find_firm, firm_columns
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.form import NewRequest
from scheduler.services.text import clean_line, clean_lines
from scheduler.storage.models import Firm, RequestDraft
from scheduler.storage.rows import rows_of

MOST = 100
"""Drafts and templates per firm."""
_MAX_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Draft:
    """An unsent request. A template has a name and no firm, a draft has a firm and no name."""

    id: int
    name: str
    firm: FirmRef | None
    topic: str
    changed_at: datetime


def save_draft(session: Session, actor: Actor, form: NewRequest, *, now: datetime) -> int:
    """Save a draft to a firm, replacing an earlier draft to it. Return its id.

    Fields may be empty. Raises NotFound, NotAllowed, and InvalidInput if a text is too long.
    """
    firm_id = _own(actor)
    other = find_firm(session, actor.event_id, form.to_firm)
    kept = session.scalar(
        select(RequestDraft).where(RequestDraft.firm_id == firm_id, RequestDraft.to_firm_id == other.id)
    )
    return _write(session, actor, kept, form, "", other.id, now)


def save_template(session: Session, actor: Actor, form: NewRequest, name: str, *, now: datetime) -> int:
    """Save topic, message, rank and length under a name, for any firm. Raises like `save_draft`."""
    firm_id, name = _own(actor), clean_line(name)
    fields.require_valid("template", name, fields.TemplateName)
    kept = session.scalar(
        select(RequestDraft).where(
            RequestDraft.firm_id == firm_id, RequestDraft.to_firm_id.is_(None), RequestDraft.name == name
        )
    )
    plain = NewRequest(
        to_firm="", topic=form.topic, message=form.message, priority=form.priority, length=form.length
    )
    return _write(session, actor, kept, plain, name, None, now)


_LISTED = (
    select(
        RequestDraft.id,
        RequestDraft.name,
        RequestDraft.form,
        RequestDraft.changed_at,
        *firm_columns(Firm),
    )
    .outerjoin(Firm, Firm.id == RequestDraft.to_firm_id)
    .where(RequestDraft.firm_id == bindparam("firm"))
    .order_by(RequestDraft.changed_at.desc(), RequestDraft.id.desc())
)


def list_drafts(session: Session, actor: Actor) -> tuple[Draft, ...]:
    """Return the own firm's drafts and templates, latest first. Runs one query."""
    return tuple(
        Draft(row[0], row[1], FirmRef(*row[4:]) if row[4] is not None else None, row[2]["topic"], row[3])
        for row in rows_of(session, _LISTED, firm=_own(actor))
    )


def draft_form(session: Session, actor: Actor, draft_id: int, to_firm: str) -> NewRequest:
    """Return the form of a draft or template, addressed to this firm. Raises NotFound."""
    return NewRequest(**{**_found(session, actor, draft_id).form, "to_firm": to_firm})


def delete_draft(session: Session, actor: Actor, draft_id: int) -> None:
    """Delete a draft or template. Raises NotFound."""
    session.delete(_found(session, actor, draft_id))
    session.flush()


_DELETE_SENT = delete(RequestDraft).where(
    RequestDraft.firm_id == bindparam("own"),
    RequestDraft.to_firm_id.in_(
        select(Firm.id).where(Firm.event_id == bindparam("event"), Firm.key == bindparam("key"))
    ),
)


def delete_sent_draft(session: Session, actor: Actor, to_firm: str) -> None:
    """Delete the draft to a firm once its request is sent."""
    asked = {"own": _own(actor), "event": actor.event_id, "key": to_firm}
    session.connection().execute(_DELETE_SENT, asked)


def _write(
    session: Session,
    actor: Actor,
    kept: RequestDraft | None,
    form: NewRequest,
    name: str,
    to_firm_id: int | None,
    now: datetime,
) -> int:
    texts = {"topic": clean_line(form.topic), "message": clean_lines(form.message)}
    faults = [
        *([] if not texts["topic"] else fields.check_field("topic", texts["topic"], fields.Topic)),
        *fields.check_field("message", texts["message"], fields.Message),
    ]
    if kept is None:
        # Serialised per firm, so that concurrent calls cannot exceed the limit.
        session.execute(select(Firm.id).where(Firm.id == actor.firm_id).with_for_update(key_share=True))
        number = select(func.count()).select_from(RequestDraft).where(RequestDraft.firm_id == actor.firm_id)
        if session.scalars(number).one() >= MOST:
            faults.append(
                Fault(
                    "draft",
                    gettext_lazy(
                        "remove a draft or template first; your company already has %(most)s", most=MOST
                    ),
                )
            )
    if faults:
        raise InvalidInput(faults)
    if kept is None:
        kept = RequestDraft(firm_id=actor.firm_id, to_firm_id=to_firm_id, name=name)
        session.add(kept)
    kept.form, kept.changed_by, kept.changed_at = _json(form) | texts, actor.attendee_id, now
    session.flush()
    return kept.id


def _json(form: NewRequest) -> dict[str, Any]:
    """Return the form as JSON, truncated to its size limits, because the input is untrusted."""
    found: Mapping[str, Any] = asdict(form)
    keys = fields.limits(fields.NamedPeople).most, fields.limits(fields.StartSlots).most
    return {
        **found,
        "from_firm": None,
        "place": str(found["place"])[:16],
        "slots": [str(key)[:64] for key in found["slots"] or ()][: keys[1]] or None,
        "from_attendees": [str(key)[:64] for key in found["from_attendees"]][: keys[0]],
        "to_attendees": [str(key)[:64] for key in found["to_attendees"]][: keys[0]],
    }


def _found(session: Session, actor: Actor, draft_id: int) -> RequestDraft:
    which = RequestDraft.firm_id == _own(actor), RequestDraft.id == min(draft_id, _MAX_ID)
    found = session.scalar(select(RequestDraft).where(*which))
    if found is None:
        raise NotFound("draft", draft_id)
    return found


def _own(actor: Actor) -> int:
    actor.require(
        Right.REQUEST_MEETINGS,
        firm_id=actor.firm_id,
        sentence=gettext_lazy("Only company contacts can save drafts for their company."),
    )
    if actor.firm_id is None:
        raise NotFound("firm", "")
    return actor.firm_id
