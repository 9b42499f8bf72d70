"""Event invitations by email: status of exhibitors and attendees, and sending by group."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint
from flask import flash, redirect, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from api import auth, context
from api.language.speaking import gettext, ngettext
from api.pages import rendering
from scheduler.domain.errors import InvalidInput
from scheduler.invites.catalogue import languages, load_words
from scheduler.invites.mail.link_mail import NOTE_LIMIT
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.services.participants.event_invitations.invitation_emails import Invitees
from workers import dispatch

blueprint = APIBlueprint(
    "event_invitations", __name__, enable_openapi=False, url_prefix="/events/<event_key>/event-invitations"
)


@blueprint.get("")
@login_required
def show_invitations(event_key: str) -> str:
    """Show how many people were invited, signed in or are pending, and previews of the emails."""
    return _page(auth.organiser(event_key))


@blueprint.post("")
@login_required
def send_invitations(event_key: str) -> Response | tuple[str, int]:
    """Queue the emails of a group."""
    actor, typed = auth.organiser(event_key), request.form
    group = Invitees.REMINDED if typed.get("group") == Invitees.REMINDED else Invitees.NEW
    note, with_attendees = typed.get("note", ""), bool(typed.get("attendees"))
    try:
        with context.database().write() as db:
            count = invitation_emails.send_invitations(
                db, actor, group, note=note, with_attendees=with_attendees, now=context.now()
            )
    except InvalidInput as error:
        faults = {fault.path: fault.message for fault in error.faults}
        return _page(actor, group=group, note=note, with_attendees=with_attendees, faults=faults), 422
    if count:
        dispatch.deliver(app=context.celery())
    if count and actor.is_rehearsing:
        flash(
            ngettext(
                "%(num)s rehearsal email is being sent. Only the organisers receive it.",
                "%(num)s rehearsal emails are being sent. Only the organisers receive them.",
                count,
            ),
            "good",
        )
    elif count:
        flash(ngettext("%(num)s email is being sent.", "%(num)s emails are being sent.", count), "good")
    else:
        flash(gettext("No emails to send. Everyone has already been emailed or has signed in."), "info")
    return redirect(url_for("event_invitations.show_invitations", event_key=event_key), 303)


def _page(
    actor: Actor,
    *,
    group: Invitees = Invitees.NEW,
    note: str = "",
    with_attendees: bool = False,
    faults: Mapping[str, object] | None = None,
) -> str:
    with context.database().read() as db:
        event = events.get_event(db, actor)
        exhibitors, attendees = invitation_emails.count_invitations(db, actor, now=context.now())
        return rendering.render(
            db,
            actor,
            "event_invitations",
            "participants/event_invitations/show.html",
            exhibitors=exhibitors,
            attendees=attendees,
            wait_days=invitation_emails.REMINDER_INTERVAL.days,
            most=NOTE_LIMIT,
            typed={"group": group, "note": note, "attendees": with_attendees},
            faults=faults or {},
            may_send=actor.may(Right.CONTROL_EMAIL_QUEUE),
            emails=[(language, _email(language, event.name)) for language in languages()],
        )


def _email(language: str, event: str) -> dict[str, str]:
    """Return the invitation email for exhibitors in a language."""
    said = load_words(language).desk
    parts = ("subject", "intro", "button", "after")
    return {part: said[f"welcome_{part}"].format(event=event, firm="…") for part in parts}
