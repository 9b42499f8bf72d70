"""Exports of plugins. For organisers."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from api import context, limits
from api.downloads import download
from api.v1.bearer import counted_as, token
from api.v1.exports.schemas import ExportOut, VersionQuery
from api.v1.operation import blueprint, operation
from api.v1.schemas.base import Items
from scheduler.services.exports import plugin_exports
from scheduler.services.identity.actors import Actor

TAG = "Exports"
READ = "schedule:read"
_FILE: dict[str, Any] = {
    "description": "The file.",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}
_ANSWERS: dict[int | str, Any] = {200: _FILE, 404: {"description": ""}, 500: {"description": ""}}


@blueprint.get("/exports")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(Items[ExportOut])
def list_exports(db: Session, actor: Actor) -> Any:
    """List the plugins' exports that the token may download"""
    return {"items": plugin_exports.offered(actor)}


@blueprint.get("/exports/<name>")
@blueprint.auth_required(token, roles=[READ])
@blueprint.input(VersionQuery, location="query", arg_name="query")
@blueprint.doc(operation_id="download_export", tags=[TAG], responses=_ANSWERS)
def download_export(name: str, query: VersionQuery) -> Response:
    """Download a plugin's export

    An export with email addresses also needs the scope contacts:read. The plugin has 20 seconds.
    """
    actor = token.actor
    limits.require(limits.COSTLY, counted_as(actor), "download_export")
    with context.database().read() as db:
        prepared = plugin_exports.prepare(db, actor, name, query.version)
    context.database().close()
    made = prepared.make()
    with context.database().write() as db:
        plugin_exports.note(db, actor, made.name, now=context.now())
    return download(made, prepared.content_type)
