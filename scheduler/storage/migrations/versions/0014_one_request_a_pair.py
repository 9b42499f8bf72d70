"""one open request a pair of firms, in either direction; steps that can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN = "state IN ('pending', 'accepted')"
LOWER = "CASE WHEN from_firm_id < to_firm_id THEN from_firm_id ELSE to_firm_id END"
UPPER = "CASE WHEN from_firm_id < to_firm_id THEN to_firm_id ELSE from_firm_id END"
PAIR = (
    "lower_firm_id < upper_firm_id AND lower_firm_id IN (from_firm_id, to_firm_id)"
    " AND upper_firm_id IN (from_firm_id, to_firm_id)"
)
SIDES = sa.Enum("from", "to", name="answered_side", native_enum=False, create_constraint=True, length=16)


def upgrade() -> None:
    with op.batch_alter_table("meeting_request") as batch_op:
        batch_op.add_column(sa.Column("lower_firm_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("upper_firm_id", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("reply_topic", sa.String(length=200), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("reply_message", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("answered_side", SIDES, nullable=True))
        batch_op.add_column(sa.Column("before", sa.JSON(), nullable=True))
        batch_op.drop_index("uq_meeting_request_open_pair")
    op.execute(f"UPDATE meeting_request SET lower_firm_id = {LOWER}, upper_firm_id = {UPPER}")
    _merge_mutual_requests()
    _name_sides()
    with op.batch_alter_table("meeting_request") as batch_op:
        batch_op.alter_column("lower_firm_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("upper_firm_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("reply_topic", existing_type=sa.String(length=200), server_default=None)
        batch_op.alter_column("reply_message", existing_type=sa.Text(), server_default=None)
        batch_op.create_check_constraint("pair_of_both_firms", PAIR)
        batch_op.create_index(
            "uq_meeting_request_open_pair",
            ["lower_firm_id", "upper_firm_id"],
            unique=True,
            sqlite_where=sa.text(OPEN),
            postgresql_where=sa.text(OPEN),
        )


def _name_sides() -> None:
    """Whose step the last one was, by the firm of who took it."""
    firm = "(SELECT firm_id FROM attendee WHERE attendee.id = meeting_request.answered_by)"
    op.execute(
        "UPDATE meeting_request SET answered_side = CASE"
        f" WHEN {firm} = from_firm_id THEN 'from' WHEN {firm} = to_firm_id THEN 'to' END"
        " WHERE answered_by IS NOT NULL"
    )


def _merge_mutual_requests() -> None:
    """Of two open requests of a pair the accepted, else the older one stays, with both topics."""
    bind = op.get_bind()
    pairs = bind.execute(
        sa.text(
            "SELECT a.id, a.state, b.id, b.state"
            " FROM meeting_request a JOIN meeting_request b"
            " ON a.lower_firm_id = b.lower_firm_id AND a.upper_firm_id = b.upper_firm_id AND a.id < b.id"
            f" WHERE a.{OPEN} AND b.{OPEN}"
        )
    ).all()
    for older, older_state, younger, younger_state in pairs:
        is_younger = younger_state == "accepted" and older_state == "pending"
        kept, closed = (younger, older) if is_younger else (older, younger)
        bind.execute(
            sa.text(
                "UPDATE meeting_request SET state = 'accepted',"
                " answered_by = coalesce(meeting_request.answered_by, other.created_by),"
                " answered_at = coalesce(meeting_request.answered_at, other.created_at),"
                " reply_topic = other.topic, reply_message = other.message"
                " FROM meeting_request AS other WHERE meeting_request.id = :kept AND other.id = :closed"
            ),
            {"kept": kept, "closed": closed},
        )
        bind.execute(
            sa.text("UPDATE meeting_request SET state = 'withdrawn' WHERE id = :closed"), {"closed": closed}
        )


def downgrade() -> None:
    with op.batch_alter_table("meeting_request") as batch_op:
        batch_op.drop_index("uq_meeting_request_open_pair")
        batch_op.drop_constraint("pair_of_both_firms", type_="check")
        for column in ("lower_firm_id", "upper_firm_id", "reply_topic", "reply_message", "before"):
            batch_op.drop_column(column)
        batch_op.drop_constraint("answered_side", type_="check")
        batch_op.drop_column("answered_side")
        batch_op.create_index(
            "uq_meeting_request_open_pair",
            ["from_firm_id", "to_firm_id"],
            unique=True,
            sqlite_where=sa.text(OPEN),
            postgresql_where=sa.text(OPEN),
        )
