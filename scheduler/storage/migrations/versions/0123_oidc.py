"""federated_identity and oidc_request: sign-in by OpenID providers, and who a session was signed in by."""

import sqlalchemy as sa
from alembic import op

revision = "0123"
down_revision = "0122"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "federated_identity",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("is_operator", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_federated_identity_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "issuer", name=op.f("pk_federated_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_federated_identity_issuer_subject")),
    )
    op.create_table(
        "oidc_request",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("is_fresh", sa.Boolean(), nullable=False),
        sa.Column("errand", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_oidc_request")),
    )
    op.create_index(op.f("ix_oidc_request_expires_at"), "oidc_request", ["expires_at"])
    op.add_column("web_session", sa.Column("provider", sa.String(40), server_default="", nullable=False))
    op.add_column("web_session", sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("web_session", "authenticated_at")
    op.drop_column("web_session", "provider")
    op.drop_table("oidc_request")
    op.drop_table("federated_identity")
