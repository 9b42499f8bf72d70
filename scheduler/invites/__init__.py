"""Calendars and mail: the only place that imports icalendar, email and smtplib."""
