"""Exports of plugins."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Output, Parameters, WholeQuery
from scheduler.domain.fields import Number


class ExportOut(Output):
    """An export that the token may have. It is read at `/exports/` and its name."""

    name: str
    title: str
    about: str
    content_type: str
    ending: str = Field(description="Of the file's name, without the dot.")


class ExportList(Output):
    """All exports of plugins, by name."""

    items: list[ExportOut]


class VersionQuery(Parameters):
    """Which version an export is of."""

    version: Annotated[Number | None, WholeQuery] = Field(None, description="None: the published one.")
