"""Retention periods, and what the next nightly deletion deletes, for operators."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import render_template
from flask_login import login_required

from api import auth, context
from scheduler.domain.errors import NotFound
from scheduler.services.privacy import pruning

blueprint = APIBlueprint("retention", __name__, enable_openapi=False, url_prefix="/operators/retention")


@blueprint.get("")
@login_required
def show_retention() -> str:
    """Show each kind of personal data with its period and the rows that expire by the next deletion."""
    if not auth.user().is_operator:
        raise NotFound("page", "retention")
    with context.database().read() as db:
        preview = pruning.preview_prune(db, auth.user().session, context.settings(), now=context.now())
    return render_template("privacy/retention.html", preview=preview)
