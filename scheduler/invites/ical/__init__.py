"""iCalendar (RFC 5545) and iTIP (RFC 5546): content, messages, feeds, zones."""
