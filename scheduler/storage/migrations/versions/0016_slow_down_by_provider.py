"""slow down by provider."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.add_column(sa.Column("domain", sa.String(length=253), server_default="", nullable=False))
    mails = sa.table("outbox_mail", sa.column("domain"), sa.column("to_address"))
    at = sa.func.strpos if op.get_bind().dialect.name == "postgresql" else sa.func.instr
    domain = sa.func.substr(mails.c.to_address, at(mails.c.to_address, "@") + 1)
    op.execute(mails.update().values(domain=sa.func.lower(domain)))
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.alter_column("domain", server_default=None)
    op.create_index("ix_outbox_mail_state_domain", "outbox_mail", ["state", "domain"])
    op.create_table(
        "mail_route",
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("per_minute", sa.Double(), nullable=True),
        sa.Column("slowed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "refusal",
            sa.Enum(
                "later",
                "slow",
                "hold",
                "dead",
                name="mail_route_refusal",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=True,
        ),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("refused_address", sa.String(length=254), nullable=False),
        sa.Column("said", sa.String(length=400), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses", sa.Integer(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mail_route")),
    )
    op.create_table(
        "address_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("said", sa.String(length=300), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendee.id"], name=op.f("fk_address_report_attendee_id_attendee")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_report")),
    )
    op.create_index("ix_address_report_attendee_id", "address_report", ["attendee_id"])


def downgrade() -> None:
    op.drop_table("address_report")
    op.drop_table("mail_route")
    op.drop_index("ix_outbox_mail_state_domain", "outbox_mail")
    with op.batch_alter_table("outbox_mail") as batch_op:
        batch_op.drop_column("domain")
