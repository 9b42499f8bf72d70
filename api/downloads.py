"""File downloads."""

from __future__ import annotations

from flask import Response

from scheduler.services.exports.schedule_lists import Export


def download(made: Export, content_type: str) -> Response:
    """Return a file as an attachment, which no browser displays as a page of this site."""
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
    return Response(made.octets, content_type=content_type, headers=headers)
