"""Calendars and email. The only package that imports icalendar, email and smtplib."""
