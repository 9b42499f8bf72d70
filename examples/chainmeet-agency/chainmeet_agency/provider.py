"""Email provider whose throttling replies have wording of their own."""

from __future__ import annotations

from scheduler.plugins import EmailProvider, ReplyRule

SOURCE = "https://agency-mail.example/postmaster"

agency_mail = EmailProvider(
    domains=("agency-mail.example", "agency-post.example"),
    per_minute=30,
    replies=(
        ReplyRule("slow", SOURCE, code="550", phrases=("come back calmer",)),
        ReplyRule("dead", SOURCE, code="451", phrases=("mailbox closed",)),
    ),
)
