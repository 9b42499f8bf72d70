"""look up what is not held: a version's answers about requests are rows, found by their key."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

VERSIONS = sa.table("schedule_version", sa.column("id", sa.Integer()), sa.column("unscheduled", sa.JSON()))
ANSWERS = sa.table(
    "unscheduled_request",
    sa.column("version_id", sa.Integer()),
    sa.column("request_key", sa.String()),
    sa.column("position", sa.Integer()),
    sa.column("reason", sa.String()),
    sa.column("answer", sa.JSON()),
)


def upgrade() -> None:
    op.create_table(
        "unscheduled_request",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["schedule_version.id"],
            name=op.f("fk_unscheduled_request_version_id_schedule_version"),
        ),
        sa.PrimaryKeyConstraint("version_id", "request_key", name=op.f("pk_unscheduled_request")),
    )
    op.create_index(
        "ix_unscheduled_request_version_id_position", "unscheduled_request", ["version_id", "position"]
    )
    connection = op.get_bind()
    for version_id in connection.scalars(sa.select(VERSIONS.c.id)).all():  # one at a time: each is megabytes
        one = sa.select(VERSIONS.c.unscheduled).where(VERSIONS.c.id == version_id)
        answers = {row["request"]: row for row in connection.scalar(one) or ()}
        rows = [
            {
                "version_id": version_id,
                "request_key": key,
                "position": position,
                "reason": answer.get("reason", ""),
                "answer": answer,
            }
            for position, (key, answer) in enumerate(answers.items())
        ]
        if rows:
            connection.execute(sa.insert(ANSWERS), rows)
    op.drop_column("schedule_version", "unscheduled")


def downgrade() -> None:
    column = sa.Column("unscheduled", sa.JSON(), nullable=False, server_default="[]")
    op.add_column("schedule_version", column)
    connection = op.get_bind()
    for version_id in connection.scalars(sa.select(VERSIONS.c.id)).all():
        answers = connection.scalars(
            sa.select(ANSWERS.c.answer).where(ANSWERS.c.version_id == version_id).order_by(ANSWERS.c.position)
        ).all()
        connection.execute(
            sa.update(VERSIONS).where(VERSIONS.c.id == version_id).values(unscheduled=list(answers))
        )
    op.drop_table("unscheduled_request")
