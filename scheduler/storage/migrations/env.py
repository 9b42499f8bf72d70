"""Alembic environment. storage/schema.py provides the connection."""

from alembic import context

from scheduler.storage import models  # noqa: F401 -- fills the metadata
from scheduler.storage.base import Base, UtcDateTime


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Render SQLAlchemy's own types in migrations, so that they do not depend on our code."""
    return "sa.DateTime(timezone=True)" if isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
