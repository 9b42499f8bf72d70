"""Exports of plugins."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Parameters, WholeQuery
from scheduler.domain.fields import Number


class VersionQuery(Parameters):
    """Which version an export is of."""

    version: Annotated[Number | None, WholeQuery] = Field(None, description="None: the published one.")
