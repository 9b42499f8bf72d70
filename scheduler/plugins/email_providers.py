"""Email providers: how one refuses emails, and how many a minute it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scheduler.domain.entities import Refusal
from scheduler.plugins.loading import PluginGroup, kind


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """What a provider means by a reply. A rule matches if all that it has does.

    Parameters
    ----------
    meaning
        `slow`: it wants fewer emails a minute. `later`: try again. `hold`: a policy or a block; a person has
        to look. `dead`: there is no such address.
    source
        Where the provider documents it.
    code, status
        The basic code and the enhanced status (RFC 5321 4.2, RFC 3463), with `x` for any figure or number:
        `550`, `4xx`, `5.7.x`. Empty for any.
    phrases
        One of them must be in the reply, whose letters are looked at in lower case. None for any reply.

    Raises
    ------
    ValueError
        If the meaning is another one, or the rule would match every reply.
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
    """A provider of recipients: its domains, which are one route, its rate, and how it refuses.

    Its rules come before those of the project. What an operator sets in CHAINMEET_MAIL_RATES comes before
    its rate. Raises ValueError for a provider without a domain, or with a rate below one.
    """

    domains: tuple[str, ...]
    per_minute: int | None = None
    """None: no limit until it asks for one."""
    replies: tuple[ReplyRule, ...] = ()

    def __post_init__(self) -> None:
        if not self.domains or any(domain != domain.strip().lower() for domain in self.domains):
            raise ValueError("domains must be given, in lower case")
        if self.per_minute is not None and self.per_minute < 1:
            raise ValueError("per_minute must be 1 or more")


EMAIL_PROVIDERS: Final[PluginGroup[EmailProvider]] = PluginGroup(
    "chainmeet.email_providers", kind(EmailProvider), "an EmailProvider"
)
