"""Email delivery: claims, rendering, sending, refusals, and organisers' actions."""

__all__ = [
    "address_reports",
    "delivery_estimates",
    "email_texts",
    "journal_lines",
    "mail_check",
    "sent_records",
]
