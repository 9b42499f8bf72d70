"""Email delivery: claims, rendering, sending, refusals, and organisers' actions."""

__all__ = ["address_reports", "email_texts", "mail_check", "sent_records"]
