"""Email delivery: claims, rendering, sending, refusals, and organisers' actions."""

__all__ = ["address_reports", "email_texts", "sent_records"]
