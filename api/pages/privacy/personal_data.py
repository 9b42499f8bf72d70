"""Personal data: a page for each person, and the files with everything about them."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, render_template
from flask_login import login_required

from api import auth, context, downloads
from api.pages.privacy.personal_data_pdf import personal_data_pdf
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity import consents
from scheduler.services.privacy import person_export
from scheduler.services.privacy.person_export import PersonData

blueprint = APIBlueprint("personal_data", __name__, enable_openapi=False)


@blueprint.get("/my-data")
@login_required
def show_own_data() -> str:
    """Show what can be downloaded, and who viewed the person's contact details."""
    with context.database().read() as db:
        views = person_export.list_contact_views(db, auth.user().session)
        notices = consents.list_notices(db, auth.user().session)
    return render_template("privacy/my_data.html", views=views, notices=notices, settings=context.settings())


@blueprint.get("/my-data.json")
@login_required
def download_own_json() -> Response:
    """Download everything about the signed-in person as JSON."""
    return _json(_own_data())


@blueprint.get("/my-data.pdf")
@login_required
def download_own_pdf() -> Response:
    """Download everything about the signed-in person as a PDF."""
    return downloads.download(Export(personal_data_pdf(_own_data()), "personal-data.pdf"), "application/pdf")


@blueprint.get("/events/<event_key>/participants/people/<person_key>/data.json")
@login_required
def download_person_json(event_key: str, person_key: str) -> Response:
    """Download an attendee's data in the event, for organisers."""
    actor = auth.organiser(event_key)
    with context.database().write() as db:
        found = person_export.export_attendee(db, actor, person_key, now=context.now())
    return _json(found)


def _own_data() -> PersonData:
    with context.database().write() as db:
        return person_export.export_own_data(db, auth.user().session, now=context.now())


def _json(found: PersonData) -> Response:
    return downloads.download(Export(found.to_json(), "personal-data.json"), "application/json")
