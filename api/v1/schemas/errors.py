"""The one shape of every error (RFC 9457)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class BodyFault(BaseModel):
    """One thing wrong in the body."""

    pointer: str = Field(description="JSON Pointer of the field as a URI fragment, such as `#/slots/0`.")
    detail: str


class QueryFault(BaseModel):
    """One thing wrong in the query string."""

    parameter: str
    detail: str


class Problem(BaseModel):
    """An error: `type` names its kind, `detail` is a sentence for a person."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[BodyFault | QueryFault] | None = Field(
        default=None, description="Each invalid field; only in responses to invalid input."
    )


CONTENT_TYPE: Literal["application/problem+json"] = "application/problem+json"
