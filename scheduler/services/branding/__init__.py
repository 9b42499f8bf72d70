"""Brand of an event: logo, colours, sender name and banner, for its pages, emails and prints."""

__all__ = ["brands", "files", "sheets"]
