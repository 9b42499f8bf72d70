"""Answers to a compliance audit under China's PIPL, for operators."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, render_template
from flask_login import login_required

from api import auth, context, downloads
from api.language.speaking import gettext, said
from scheduler.domain.errors import NotFound
from scheduler.services.privacy import audit_answers
from scheduler.services.privacy.audit_answers import AuditTopic

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

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
    titles = (*site_titles(), gettext("Your answer"))
    made = audit_answers.export_topics([(*site_cells(each), "") for each in _topics()], titles)
    return downloads.download(made, XLSX)


def site_titles() -> tuple[str, str, str]:
    """Return the titles of the columns of `site_cells`."""
    return gettext("Topic"), gettext("PIPL articles"), gettext("From this site")


def site_cells(topic: AuditTopic) -> tuple[str, str, str]:
    """Return a topic with its articles, and the answers of this site with their hosts, a line each."""
    answers = "\n".join(" ".join(filter(None, (said(text), host))) for text, host in topic.lines())
    return said(topic.title), topic.articles, answers


def _topics() -> tuple[AuditTopic, ...]:
    if not auth.user().is_operator:
        raise NotFound("page", "processing-record")
    with context.database().read() as db:
        return audit_answers.list_topics(db, auth.user().session, context.settings(), now=context.now())
