"""api_token: scopes have the names of what they read."""

from alembic import op

revision = "0112"
down_revision = "0111"
branch_labels = None
depends_on = None

SCOPES = {"trail:read": "audit-log:read", "calendars:read": "calendar-status:read"}


def upgrade() -> None:
    for old, new in SCOPES.items():
        _rename(old, new)


def downgrade() -> None:
    for old, new in SCOPES.items():
        _rename(new, old)


def _rename(old: str, new: str) -> None:
    """Scopes are separated by spaces; no name is part of another."""
    op.execute(f"UPDATE api_token SET scopes = replace(scopes, '{old}', '{new}') WHERE scopes LIKE '%{old}%'")
