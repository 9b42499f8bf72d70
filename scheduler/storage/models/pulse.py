"""When things were last done that time brings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.storage.base import Base


class Pulse(Base):
    """Something that is done again and again, once however many do it, and when it was done last."""

    __tablename__ = "pulse"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
