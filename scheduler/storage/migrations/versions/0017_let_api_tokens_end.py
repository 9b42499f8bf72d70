"""let API tokens end, and freeze their roles."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Never by a copy of the table: other tables refer to its rows. What is there gets what a new token gets.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    ends = "SELECT datetime('now', '+90 days')" if is_sqlite else "SELECT now() + interval '90 days'"
    default = str(op.get_bind().scalar(sa.text(ends)))
    op.add_column(
        "api_token",
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, server_default=default),
    )
    for name in ("as_organiser", "as_exhibitor"):
        op.add_column("api_token", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(
        "ALTER TABLE api_token ADD COLUMN firm_id INTEGER"
        " CONSTRAINT fk_api_token_firm_id_firm REFERENCES firm (id)"
    )
    op.execute(
        "ALTER TABLE api_token ADD COLUMN revoked_by INTEGER"
        " CONSTRAINT fk_api_token_revoked_by_account REFERENCES account (id)"
    )
    op.execute(
        """
        UPDATE api_token SET
            as_organiser = EXISTS (
                SELECT 1 FROM organiser
                WHERE organiser.event_id = api_token.event_id
                    AND organiser.account_id = api_token.created_by),
            as_exhibitor = EXISTS (
                SELECT 1 FROM attendee
                WHERE attendee.event_id = api_token.event_id AND attendee.account_id = api_token.created_by
                    AND attendee.is_exhibitor),
            firm_id = (
                SELECT attendee.firm_id FROM attendee
                WHERE attendee.event_id = api_token.event_id AND attendee.account_id = api_token.created_by)
        """
    )


def downgrade() -> None:
    with op.batch_alter_table("api_token") as table:
        for name in ("revoked_by", "firm_id", "as_exhibitor", "as_organiser", "expires_at"):
            table.drop_column(name)
