"""scenario.changes: kinds, fields and values of changes have the field's words."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0114"
down_revision = "0113"
branch_labels = None
depends_on = None

KINDS = {"dial": "priority", "firm_less": "removed_firm", "firm_more": "added_firm"}
STEPS = {"there": "available", "away": "unavailable"}

SCENARIO = sa.table("scenario", sa.column("id", sa.Integer), sa.column("changes", sa.JSON))


def upgrade() -> None:
    _rename(KINDS, STEPS, "dial", "priority")


def downgrade() -> None:
    _rename(
        {new: old for old, new in KINDS.items()}, {new: old for old, new in STEPS.items()}, "priority", "dial"
    )


def _rename(kinds: Mapping[str, str], steps: Mapping[str, str], field: str, name: str) -> None:
    connection = op.get_bind()
    for id_, changes in connection.execute(sa.select(SCENARIO.c.id, SCENARIO.c.changes)).all():
        renamed = [_renamed(change, kinds, steps, field, name) for change in changes]
        if renamed != changes:
            connection.execute(sa.update(SCENARIO).where(SCENARIO.c.id == id_).values(changes=renamed))


def _renamed(
    change: Mapping[str, Any], kinds: Mapping[str, str], steps: Mapping[str, str], field: str, name: str
) -> dict[str, Any]:
    found = {name if key == field else key: value for key, value in change.items()}
    found["kind"] = kinds.get(change["kind"], change["kind"])
    if change["kind"] == "shift" and "step" in change:
        found["step"] = steps.get(change["step"], change["step"])
    return found
