"""Alembic's environment: it gets its connection from storage/schema.py."""

from alembic import context

from scheduler.storage import models  # noqa: F401 -- fills the metadata
from scheduler.storage.base import Base, UtcDateTime


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Migrations name SQLAlchemy's own types, so that they never change with the code."""
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
