"""Exports of plugins."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Output, Parameters, WholeQuery
from api.v1.schemas.derived import derived_from
from scheduler.domain.fields import Number
from scheduler.services.exports.plugin_exports import OfferedExport


@derived_from(OfferedExport, renamed={"about": "description", "ending": "file_extension"})
class ExportOut(Output):
    """An export that the token may download by its name."""


class VersionQuery(Parameters):
    """The version to export."""

    version: Annotated[Number | None, WholeQuery] = Field(None, description="None: the published one.")
