"""baseline: the schema of version 0.9.0, as each database writes it down itself.

It takes the place of the migrations before the first release. A new database is to the octet what they made
of an empty one, so what stands in these two files is never changed: a change is a migration after them.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0109"
down_revision = None
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parents[1]


def upgrade() -> None:
    connection = op.get_bind()
    script = (FOLDER / f"baseline.{connection.dialect.name}.sql").read_text(encoding="utf-8")
    if connection.dialect.name == "postgresql":  # functions name the tables' schema
        schema = str(connection.scalar(sa.select(sa.func.current_schema())))
        script = script.replace("{schema}", connection.dialect.identifier_preparer.quote(schema))
    for statement in script.removesuffix(";\n").split(";\n\n"):
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    raise RuntimeError("No schema comes before the baseline: restore a backup that an earlier version made.")
