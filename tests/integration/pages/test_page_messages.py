"""Flash messages travel in a cookie of limited size."""

from __future__ import annotations

import random
import string

import pytest
from flask import Flask, flash, get_flashed_messages, session

from scheduler.storage.database import Database
from tests.integration.identity.route_requests import NOWHERE
from tests.support.web import web_app


def carried(app: Flask, *told: str) -> list[str]:
    """Return the flash messages that the next request receives."""
    with app.test_request_context():
        session["_user_id"] = "x" * 40
        for each in told:
            flash(each)
        answer = app.process_response(app.make_response(""))
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    assert len(cookie) < 4_096
    with app.test_request_context(headers={"Cookie": cookie}):
        assert session["_user_id"] == "x" * 40
        return get_flashed_messages()


@pytest.mark.parametrize("letters", [string.ascii_letters, "中国国际供应链促进博览会"])
def test_what_is_long_is_cut_and_not_lost(database: Database, letters: str) -> None:
    """Browsers silently drop an oversized cookie."""
    app = web_app(database, NOWHERE)
    text = "".join(random.Random(1).choices(letters, k=9_000))
    (told,) = carried(app, text)
    assert told.endswith("…") and text.startswith(told.rstrip("…")) and len(told) > 200
    assert carried(app, text, "Saved.") == ["Saved."]
    assert carried(app, "One.", "Two.") == ["One.", "Two."]
