"""Email pages: received emails, and the calendar status of attendees."""
