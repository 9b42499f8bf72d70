"""mark each change on the first page as seen, rather than all until a time: more may be new than is shown."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seen_news",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attendee_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("colleague_id", sa.Integer(), nullable=True),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendee_id"],
            ["attendee.id"],
            name=op.f("fk_seen_news_attendee_id_attendee"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["colleague_id"],
            ["attendee.id"],
            name=op.f("fk_seen_news_colleague_id_attendee"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["meeting_request.id"],
            name=op.f("fk_seen_news_request_id_meeting_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seen_news")),
    )
    op.create_index("ix_seen_news_attendee_id", "seen_news", ["attendee_id"])
    op.execute(
        "INSERT INTO seen_news (attendee_id, request_id, moment)"
        " SELECT attendee.id, request.id, coalesce(request.answered_at, request.expires_at)"
        " FROM attendee JOIN meeting_request AS request"
        " ON attendee.firm_id IN (request.from_firm_id, request.to_firm_id)"
        " WHERE coalesce(request.answered_at, request.expires_at) <= attendee.news_seen_at"
        " AND request.state <> 'pending'"
    )
    op.drop_column("attendee", "news_seen_at")


def downgrade() -> None:
    op.add_column("attendee", sa.Column("news_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE attendee SET news_seen_at ="
        " (SELECT max(moment) FROM seen_news WHERE seen_news.attendee_id = attendee.id)"
    )
    op.drop_index("ix_seen_news_attendee_id", "seen_news")
    op.drop_table("seen_news")
