"""Webhooks, their messages, and the key that verifies signatures."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from api.v1.schemas.base import Input, Output, PageQuery
from api.v1.schemas.derived import derived_from
from scheduler.domain.fields import WebhookName, WebhookUrl
from scheduler.domain.webhooks import MessageState, SignatureScheme
from scheduler.services.webhooks.endpoints import WebhookCard
from scheduler.services.webhooks.messages import MessageCard

Types = Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=60)]


class NewWebhookIn(Input):
    """An endpoint that receives messages."""

    name: WebhookName
    url: WebhookUrl = Field(description="An https URL on the public internet, at port 443.")
    types: Types = Field([], description="Event types to receive; none for all.")
    scheme: SignatureScheme = Field(
        SignatureScheme.HMAC_SHA256, description="v1 for HMAC-SHA256 with a secret, v1a for Ed25519."
    )


class WebhookUpdateIn(Input):
    """Omitted fields stay as they are."""

    name: WebhookName | None = None
    url: WebhookUrl | None = None
    types: Types | None = None


@derived_from(WebhookCard)
class WebhookOut(Output):
    """An endpoint without its secret."""


@derived_from(MessageCard)
class WebhookMessageOut(Output):
    """A message and its newest attempts."""


class WebhookKeyOut(Output):
    """A webhook with the key that verifies its signatures."""

    number: int
    webhook: WebhookOut
    key: str = Field(description="For v1 the secret, which no other response has. For v1a the public key.")


class MessageQuery(PageQuery):
    """A page of messages."""

    state: MessageState | None = None


class ReplayIn(Input):
    """Failed messages to send again."""

    since: AwareDatetime = Field(description="Messages made or replayed at this time or later.")


class ReplayOut(Output):
    """The number of messages that are sent again."""

    messages: int
