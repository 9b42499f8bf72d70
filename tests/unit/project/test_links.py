"""Paths in templates are those that Flask builds, cached or not."""

from __future__ import annotations

import pytest
from flask import Flask, url_for

from api.pages import links


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/firms/<key>", "firm")
    links.init_app(app)
    return app


@pytest.mark.parametrize(
    "values",
    [
        {"key": "a"},
        {"key": "a", "text": "x&y"},
        {"key": "a", "cursor": None},
        {"key": "a", "page": 1},
        {"key": "a", "page": True},
        {"key": "a", "_anchor": "here"},
        {"key": "a", "_external": True},
        {"key": "a", "area": ["b", "c"]},
    ],
)
def test_a_path_is_the_one_that_flask_builds_each_time(app: Flask, values: dict[str, object]) -> None:
    path = app.jinja_env.globals["url_for"]
    for root in ("", "/below", ""):
        with app.test_request_context("/", base_url=f"http://host.example{root}"):
            assert path("firm", **values) == url_for("firm", **values)


def test_what_makes_no_path_is_an_error_each_time(app: Flask) -> None:
    with app.test_request_context("/"):
        for _ in range(2):
            with pytest.raises(Exception, match="firm"):
                app.jinja_env.globals["url_for"]("firm")
