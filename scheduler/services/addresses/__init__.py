"""Mail addresses of attendees: corrected, and what calendars are told then."""
