"""A file as an answer."""

from __future__ import annotations

from flask import Response

from scheduler.services.exports.schedule_lists import Export


def download(made: Export, content_type: str) -> Response:
    """A file to be saved by its name, whatever it is: no browser shows it as a page of ours."""
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
    return Response(made.octets, content_type=content_type, headers=headers)
