"""Email providers: rate limits and the meaning of SMTP replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scheduler.domain.entities import Refusal
from scheduler.plugins.loading import PluginGroup, kind


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """The meaning of a provider's SMTP reply. A rule matches if all of its conditions match.

    Parameters
    ----------
    meaning
        `slow`: reduce the rate. `later`: retry. `hold`: a policy or block that needs a person's attention.
        `dead`: the address does not exist.
    source
        Where the provider documents the reply.
    code, status
        The reply code (RFC 5321 4.2) and the enhanced status code (RFC 3463). `x` stands for any digit or
        number: `550`, `4xx`, `5.7.x`. Empty matches any.
    phrases
        The reply must contain at least one of these, in lower case. The reply is lower-cased before the
        comparison. Empty matches any reply.

    Raises
    ------
    ValueError
        If the meaning is unknown, or the rule would match every reply.
    """

    meaning: str
    source: str
    code: str = ""
    status: str = ""
    phrases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Refusal(self.meaning)
        if not (self.code or self.status or self.phrases):
            raise ValueError("a rule needs a code, a status or a phrase")


@dataclass(frozen=True, slots=True)
class EmailProvider:
    """A mailbox provider: its domains, which share a rate limit, and rules for its SMTP replies.

    Its rules precede the built-in ones. CHAINMEET_MAIL_RATES overrides its rate. Raises ValueError if it has
    no domains or a rate below one.
    """

    domains: tuple[str, ...]
    per_minute: int | None = None
    """Emails a minute. None: no limit until a reply asks for one."""
    replies: tuple[ReplyRule, ...] = ()

    def __post_init__(self) -> None:
        if not self.domains or any(domain != domain.strip().lower() for domain in self.domains):
            raise ValueError("domains must be given, in lower case")
        if self.per_minute is not None and self.per_minute < 1:
            raise ValueError("per_minute must be 1 or more")


EMAIL_PROVIDERS: Final[PluginGroup[EmailProvider]] = PluginGroup(
    "chainmeet.email_providers", kind(EmailProvider), "an EmailProvider"
)
