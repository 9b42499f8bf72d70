"""Page plugins: a blueprint with organiser pages inside an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from scheduler.plugins.loading import PluginGroup, kind, plain


@dataclass(frozen=True, slots=True)
class PagesPlugin:
    """Pages at `/events/<event_key>/x/<name>/`, with an entry in the organiser's menu.

    Parameters
    ----------
    title
        The menu entry. It is escaped.
    blueprint
        A `flask.Blueprint` with a view `index` at `/`. Each view takes `event_key`. Only signed-in organisers
        of the event reach a view, and forms need a CSRF token.
    """

    title: str
    blueprint: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", plain(self.title))


PAGES: Final[PluginGroup[PagesPlugin]] = PluginGroup("chainmeet.pages", kind(PagesPlugin), "a PagesPlugin")
