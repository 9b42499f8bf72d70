"""What attendees answer: by mail, by link, with another time; what a decline does."""
