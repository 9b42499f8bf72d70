"""Rows of an import in bulk."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.imports.schemas import ImportIn, ImportOut, kinds_of
from api.v1.operation import blueprint, operation
from scheduler.services.identity.actors import Actor
from scheduler.services.imports.bulk_import import api_import
from scheduler.services.spreadsheets.options import ImportOptions


@blueprint.post("/imports")
@blueprint.auth_required(token, roles=["people:write"])
@blueprint.input(ImportIn, arg_name="body")
@operation(tag="Firms and people", writes=True, also=(409,))
@blueprint.output(ImportOut)
def import_rows(db: Session, actor: Actor, body: ImportIn) -> dict[str, Any]:
    """Import rows of firms, people, requests and other kinds, all or none; or preview them"""
    look = api_import.import_rows(
        db,
        actor,
        body.rows,
        dry_run=body.dry_run,
        leave_out=body.skip_errors,
        options=ImportOptions(
            keep_empty=body.keep_empty, withdraw=frozenset(body.remove_missing), notify=body.notify
        ),
        settings=context.settings(),
        now=context.now(),
    )
    return {
        "dry_run": body.dry_run,
        "notified": look.notified,
        "readdressed": look.readdressed,
        "address_notices": look.address_notices,
        "kinds": list(kinds_of(look)),
    }
