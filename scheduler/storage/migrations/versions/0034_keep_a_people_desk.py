"""take firms and people out, keep the desk's steps, and the history of requests."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TABLES = ("firm", "attendee", "interpreter")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("withdrawn_at", TIME, nullable=True))
        # In one statement, which SQLite takes for a table that others refer to.
        key = f"CONSTRAINT fk_{table}_merged_into_id_{table} REFERENCES {table} (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN merged_into_id INTEGER {key}")
    op.create_table(
        "desk_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Integer(), nullable=True),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_desk_step_event_id_event")),
        sa.ForeignKeyConstraint(["taken_by"], ["account.id"], name=op.f("fk_desk_step_taken_by_account")),
        sa.ForeignKeyConstraint(["undone_by"], ["account.id"], name=op.f("fk_desk_step_undone_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_step")),
    )
    op.create_index("ix_desk_step_event_id_id", "desk_step", ["event_id", "id"])
    op.create_table(
        "request_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(16), nullable=False),
        sa.Column(
            "side",
            sa.Enum("from", "to", name="step_side", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column("attendee_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["meeting_request.id"], name=op.f("fk_request_step_request_id_meeting_request")
        ),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_request_step_attendee_id_attendee")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_request_step_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_step")),
    )
    op.create_index("ix_request_step_request_id", "request_step", ["request_id"])


def downgrade() -> None:
    op.drop_index("ix_request_step_request_id", "request_step")
    op.drop_table("request_step")
    op.drop_index("ix_desk_step_event_id_id", "desk_step")
    op.drop_table("desk_step")
    for table in TABLES:
        op.drop_column(table, "merged_into_id")
        op.drop_column(table, "withdrawn_at")
