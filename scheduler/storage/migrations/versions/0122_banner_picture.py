"""event_picture.kind and event.brand: the wide picture is the banner picture."""

import sqlalchemy as sa
from alembic import op

revision = "0122"
down_revision = "0121"
branch_labels = None
depends_on = None

_CHECK = "ck_event_picture_brand_picture"


def upgrade() -> None:
    _rename("hero", "banner_picture")


def downgrade() -> None:
    _rename("banner_picture", "hero")


def _rename(old: str, new: str) -> None:
    connection = op.get_bind()
    with op.batch_alter_table("event_picture") as batch:
        batch.drop_constraint(op.f(_CHECK), type_="check")
    pictures = sa.table("event_picture", sa.column("kind"))
    connection.execute(sa.update(pictures).where(pictures.c.kind == old).values(kind=new))
    with op.batch_alter_table("event_picture") as batch:
        batch.create_check_constraint(op.f(_CHECK), f"kind IN ('logo', '{new}')")
    events = sa.table("event", sa.column("id"), sa.column("brand", sa.JSON()))
    for event_id, brand in connection.execute(sa.select(events.c.id, events.c.brand)).all():
        if old in brand:
            renamed = {new if name == old else name: value for name, value in brand.items()}
            connection.execute(sa.update(events).where(events.c.id == event_id).values(brand=renamed))
