"""api_token: tokens for all events, of an account or of a service. Imports by a service have no account."""

import sqlalchemy as sa
from alembic import op

revision = "0130"
down_revision = "0129"
branch_labels = None
depends_on = None

_CHECK = "ck_api_token_account_or_all_events"
_NAMES = {"fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}
"""SQLite does not tell the names of foreign keys that stand at their columns."""


def upgrade() -> None:
    with op.batch_alter_table("api_token", naming_convention=_NAMES) as batch:
        batch.alter_column("event_id", existing_type=sa.Integer(), nullable=True)
        batch.alter_column("created_by", existing_type=sa.Integer(), nullable=True)
        batch.create_check_constraint(op.f(_CHECK), "created_by IS NOT NULL OR event_id IS NULL")
    with op.batch_alter_table("import_file", naming_convention=_NAMES) as batch:
        batch.alter_column("account_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM import_file WHERE account_id IS NULL")
    wide = "SELECT id FROM api_token WHERE event_id IS NULL"
    op.execute(f"DELETE FROM idempotency_key WHERE api_token_id IN ({wide})")
    op.execute("DELETE FROM api_token WHERE event_id IS NULL")
    with op.batch_alter_table("import_file", naming_convention=_NAMES) as batch:
        batch.alter_column("account_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("api_token", naming_convention=_NAMES) as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
        batch.alter_column("created_by", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("event_id", existing_type=sa.Integer(), nullable=False)
