"""Pages: a blueprint of views inside an event, for its organisers."""

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
        The entry of the menu: a text, which is escaped.
    blueprint
        A `flask.Blueprint` with a view `index` at `/`. Each view takes `event_key`. Who has not signed in or
        is no organiser of the event does not reach it, and no form without its CSRF token does.
    """

    title: str
    blueprint: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", plain(self.title))


PAGES: Final[PluginGroup[PagesPlugin]] = PluginGroup("chainmeet.pages", kind(PagesPlugin), "a PagesPlugin")
