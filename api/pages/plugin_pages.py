"""Plugin pages: mounted inside an event, for its organisers, within our layout.

Anonymous users, and users who are not organisers of the event, are rejected before any view of the blueprint.
CSRFProtect guards its forms as it does ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog
from flask import Blueprint, Flask, current_app, g, request
from werkzeug.exceptions import NotFound

from api import auth, context
from api.language import speaking
from api.pages import rendering
from scheduler.plugins import PAGES, ExportedSchedule
from scheduler.plugins.loading import load
from scheduler.services.exports import plugin_exports
from scheduler.services.identity.actors import Actor

_PREFIX: Final = "plugin:"
_TITLES: Final = "chainmeet plugin pages"

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Mount the pages of all plugins. A blueprint that cannot be mounted is skipped and logged."""
    app.before_request(_require_organiser)
    app.add_template_global(plugin_pages)
    app.add_template_global(plugin_places)
    titles: dict[str, str] = {}
    for name, plugin in load(PAGES).items():
        try:
            _mount(app, name, plugin.blueprint)
        except Exception as error:
            log.exception("plugin not loaded", group=PAGES.name, plugin=name, reason=f"{error}"[:300])
        else:
            titles[name] = plugin.title
    app.extensions[_TITLES] = titles


def plugin_pages() -> Mapping[str, str]:
    """Return the menu titles of plugins with pages, by plugin name."""
    titles: Mapping[str, str] = current_app.extensions[_TITLES]
    return titles


def plugin_places() -> tuple[str, ...]:
    """Return the values of `here` on plugin pages, for the menu."""
    return tuple(_place(name) for name in plugin_pages())


def organiser() -> Actor:
    """Return the organiser who requested a plugin page."""
    found: Actor = g.plugin_actor
    return found


def schedule(version: int | None = None) -> ExportedSchedule:
    """Return a version of the schedule, by default the published one. Raises NotFound.

    It contains no email addresses.
    """
    with context.database().read() as db:
        return plugin_exports.read_schedule(db, organiser(), version, language=speaking.language())


def render(template: str, **values: Any) -> str:
    """Render a plugin page, whose template extends `plugin.html` and defines the blocks `title` and `main`.

    Values are escaped, as in every template whose name ends in `.html`.
    """
    with context.database().read() as db:
        return rendering.render(db, organiser(), _place(_plugin_name()), template, **values)


def _place(name: str) -> str:
    return f"x_{name}"


def _mount(app: Flask, name: str, blueprint: Any) -> None:
    if not isinstance(blueprint, Blueprint):
        raise TypeError("its blueprint is not a flask.Blueprint")
    app.register_blueprint(blueprint, name=_PREFIX + name, url_prefix=f"/events/<event_key>/x/{name}")
    if f"{_PREFIX}{name}.index" not in app.view_functions:
        raise LookupError("its blueprint has no view named index")


def _plugin_name() -> str:
    return (request.blueprint or "").removeprefix(_PREFIX).partition(".")[0]


def _require_organiser() -> Any:
    """Before a plugin's view, require that the user is signed in and an organiser of the event."""
    if not (request.blueprint or "").startswith(_PREFIX):
        return None
    if not auth.user().is_authenticated:
        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
    event_key = (request.view_args or {}).get("event_key")
    if not event_key:
        raise NotFound
    g.plugin_actor = auth.organiser(event_key)
    return None
