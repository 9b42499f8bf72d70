"""Export for a badge printer: CSV with each attendee and their first meeting."""

from __future__ import annotations

import csv
import io

from scheduler.plugins import ExportedSchedule, ExportPlugin, ExportRefused


def make(schedule: ExportedSchedule) -> bytes:
    """Return a CSV with one row per attendee, in the order of their first meetings."""
    if schedule.version is None:
        raise ExportRefused("publish a schedule first")
    first = {}
    for meeting in schedule.meetings:
        for company in (meeting.requesting, meeting.requested):
            for person in company.people:
                first.setdefault(
                    person.key, (person.name, company.name, f"{meeting.start:%a %H:%M}", meeting.hall)
                )
    out = io.StringIO()
    csv.writer(out).writerows([("Name", "Company", "First meeting", "Hall"), *first.values()])
    return out.getvalue().encode("utf-8-sig")


badges = ExportPlugin(
    title="Badges",
    about="Everyone who has a meeting, with the time and hall of the first one",
    right="READ_AGENDAS",
    content_type="text/csv; charset=utf-8",
    ending="csv",
    make=make,
)
