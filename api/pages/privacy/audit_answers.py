"""Answers to a compliance audit under China's PIPL, for operators."""

from __future__ import annotations

from dataclasses import replace

from apiflask import APIBlueprint
from flask import Response, render_template
from flask_login import login_required

from api import auth, context, downloads
from api.language.speaking import gettext, said
from scheduler.domain.errors import NotFound
from scheduler.services.privacy import audit_answers
from scheduler.services.privacy.audit_answers import AuditTopic

blueprint = APIBlueprint(
    "audit_answers", __name__, enable_openapi=False, url_prefix="/operators/processing-record"
)


@blueprint.get("/pipl")
@login_required
def show_answers() -> str:
    """Show each topic with the answers of this site."""
    return render_template("privacy/audit_answers.html", topics=_topics())


@blueprint.get("/pipl.xlsx")
@login_required
def download_workbook() -> Response:
    """Download the topics as a workbook, with a column for the operator's own answers."""
    topics = tuple(
        replace(each, title=said(each.title), answers=tuple(map(said, each.answers))) for each in _topics()
    )
    titles = gettext("Topic"), gettext("PIPL articles"), gettext("From this site"), gettext("Your answer")
    made = audit_answers.export_topics(topics, titles)
    return downloads.download(made, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def _topics() -> tuple[AuditTopic, ...]:
    if not auth.user().is_operator:
        raise NotFound("page", "processing-record")
    with context.database().read() as db:
        return audit_answers.list_topics(db, auth.user().session, context.settings(), now=context.now())
