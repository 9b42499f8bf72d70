"""Record of processing activities, for operators."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import render_template
from flask_login import login_required

from api import auth, context
from scheduler.domain.errors import NotFound
from scheduler.services.privacy import processing_record

blueprint = APIBlueprint(
    "processing_record", __name__, enable_openapi=False, url_prefix="/operators/processing-record"
)


@blueprint.get("")
@login_required
def show_record() -> str:
    """Show what the site does with personal data: purposes, people, data, periods and recipients."""
    if not auth.user().is_operator:
        raise NotFound("page", "processing-record")
    record = processing_record.read_record(auth.user().session, context.settings())
    return render_template("privacy/processing_record.html", record=record)
