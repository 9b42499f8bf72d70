"""Organiser pages: the number of meetings per hall, and a badge preview."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, request

from api.pages.plugin_pages import render, schedule
from scheduler.plugins import PagesPlugin

blueprint = Blueprint("hall_figures", __name__, template_folder="templates")


@blueprint.get("/")
def index(event_key: str) -> str:
    """Show the number of meetings per hall in the published schedule."""
    return _page()


@blueprint.post("/badge")
def badge(event_key: str) -> str:
    """Show the page with a badge preview."""
    return _page(badge=request.form.get("name", "")[:80])


def _page(badge: str = "") -> str:
    halls = Counter(meeting.hall for meeting in schedule().meetings)
    return render("chainmeet_agency/hall_figures.html", halls=sorted(halls.items()), badge=badge)


hall_figures = PagesPlugin(title="Hall figures", blueprint=blueprint)
