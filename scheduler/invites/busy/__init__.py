"""Busy times from attendees' own calendars: VEVENT, VFREEBUSY and VAVAILABILITY (RFC 5545, RFC 7953)."""

from scheduler.invites.busy.busy_times import MAX_OCTETS, read_busy_times
from scheduler.invites.busy.model import Busy, BusyKind, BusyTimes, UnusableCalendar

__all__ = ["MAX_OCTETS", "Busy", "BusyKind", "BusyTimes", "UnusableCalendar", "read_busy_times"]
